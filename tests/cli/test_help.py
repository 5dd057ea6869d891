"""Help is complete, and quick because nothing heavy is imported for it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.conftest import Command

COMMANDS = (
    *("", "run", "resume", "verify", "init", "doctor", "rules", "runs", "show", "replay", "client"),
    *("schema", "schema task"),
)
HEAVY = {"pydantic_ai", "openapi_spec_validator", "psycopg", "yaml", "jinja2", "git", "pglast", "httpx"}

SCRIPT = """
import json, sys
from agent.cli.app import main
try:
    main()
finally:
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""


@pytest.mark.parametrize("name", COMMANDS)
def test_help(name: str, command: Command, snapshot: SnapshotAssertion) -> None:
    answer = command(*name.split(), "--help")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == snapshot
    assert max(map(len, answer.out.splitlines())) <= 100


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"]], ids=" ".join)
def test_nothing_heavy_is_imported_for_help(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, check=True)
    assert HEAVY & set(json.loads(done.stderr)) == set()


def test_help_needs_no_models() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT, "--help"], capture_output=True, text=True, check=True)
    assert "pydantic" not in json.loads(done.stderr)


def test_without_a_command_there_is_help_and_a_failure(command: Command) -> None:
    answer = command()
    assert (answer.code, answer.out) == (2, "")
    assert "Commands:" in answer.err


def test_the_version(command: Command) -> None:
    answer = command("--version")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("agent ")
