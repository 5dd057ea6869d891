"""What is said when a command ends without a result: one message for people, one JSON object for programs."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import cast

import typer
from typer.exceptions import TyperException

from agent.errors import AgentError, InputError


def tell(error: AgentError | TyperException, *, as_json: bool) -> int:
    """Say what went wrong on standard error, with `as_json` as an object on standard output too; the exit code."""
    if as_json:
        sys.stdout.write(error_object(error) + "\n")
    if isinstance(error, AgentError):
        sys.stderr.write(f"agent: {error}\n")
        return int(error.exit_code)
    usage = cast(typer.BadParameter, error)  # the library hides the class that all usage errors share
    usage.show()
    return usage.exit_code


def error_object(error: AgentError | TyperException) -> str:
    """One JSON object: the kind of error, the exit code, the message, and each problem with its place."""
    problems = [asdict(problem) for problem in error.problems] if isinstance(error, InputError) else []
    if isinstance(error, AgentError):
        found = {"error": type(error).__name__, "exit_code": int(error.exit_code), "message": str(error)}
    else:
        usage = cast(typer.BadParameter, error)
        found = {"error": "UsageError", "exit_code": usage.exit_code, "message": usage.format_message()}
    return json.dumps({**found, "problems": problems}, indent=2)
