"""Secrets that are planted wherever a run looks are found nowhere afterwards, and the model never sees one."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier, Literal

from agent.places import cache_folder
from tests.end_to_end.processes import AGENT, BRIEFLY, Answer, Home
from tests.end_to_end.test_workspaces import git
from tests.wire.otlp import Collector, collector
from tests.wire.server import AnthropicServer, Asked, Call, Say, Turn, anthropic_server
from tools.postgres.server import PostgresServer

TINY = Path(__file__).with_name("tiny")
UNDERIVABLE = """\
  /notes/{id}/summary:
    post:
      operationId: summariseNote
      summary: Say in one sentence what a note says
      parameters:
        - {name: id, in: path, required: true, schema: {type: string, format: uuid}}
      responses:
        "200":
          description: The note, shortened
          content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}
"""
REQUESTS = 7
PLANTED = {
    "provider's key": "key-of-the-provider-Zk81xQ",
    "another provider's key": "key-of-another-Mw72pR",
    "database of the environment": "pw-of-the-environment-Jt63sB",
    "address in the environment": "pw/of+an-address-Vn54dC",
    "task's database": "pw-of-the-task-Hy45fD",
    "task's description": "pw-of-the-description-Gu36gE",
    "file": "q7Rk2mVx9TzLw4Np8YbC3sHd",
    "tool's result": "ghp_" + "Xc27hFXc27hFXc27hFXc27hFXc27hFXc27hF",
}
SETTINGS = f'"""Keys."""\n\nAPI_TOKEN = "{PLANTED["file"]}"\nRETRIES = 3\n'
LEAKING = '''"""Prints all that it can reach."""

import os
from pathlib import Path

from keys import API_TOKEN


def test_leak() -> None:
    Path("environment.txt").write_text(repr(dict(os.environ)))
    print(API_TOKEN, dict(os.environ))
    raise AssertionError(f"{API_TOKEN} and {'_'.join(['ghp', 'Xc27hF' * 6])}")
'''


@dataclass(frozen=True, slots=True)
class Leaking:
    """A run among planted secrets."""

    answer: Answer
    server: AnthropicServer
    home: Home
    events: Path
    traced: Collector

    @property
    def worktree(self) -> Path:
        return Path(self.answer.json["worktree"])


def leak(asked: Asked) -> Turn:
    """A model that reads the file, changes it around the secret, carries it elsewhere, and prints what it can."""
    shown = next((line for line in asked.last.splitlines() if "API_TOKEN" in line), "").partition("\t")[2]
    turns: list[Turn] = [
        [Call("read_file", {"path": "keys.py"})],
        [Call("edit_file", {"path": "keys.py", "old": f"{shown}\nRETRIES = 3", "new": f"{shown}\nRETRIES = 4"})],
        [Call("search_files", {"pattern": "TOKEN = .*", "folder": "."})],
        [Call("write_file", {"path": "copy.txt", "content": asked.last})],
        [Call("write_file", {"path": "tests/unit/test_leak.py", "content": LEAKING})],
        [Call("run_tests", {"only": ["tests/unit/test_leak.py"]})],
        [Say("I looked around.")],
    ]
    return turns[min(asked.turn, REQUESTS - 1)]


@pytest.fixture(scope="module")
def leaking(tmp_path_factory: pytest.TempPathFactory, roles: dict[str, str]) -> Leaking:
    folder = tmp_path_factory.mktemp("secrets")
    repository = folder / "desk"
    repository.mkdir()
    (repository / "keys.py").write_text(SETTINGS)
    git(repository, "init", "-q", "-b", "main")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "First")
    document = (TINY / "openapi.yaml").read_text()
    (folder / "openapi.yaml").write_text(document.replace("components:\n", f"{UNDERIVABLE}components:\n", 1))
    task = {
        "title": "Notes",
        "description": f"Behaves like postgres://desk:{PLANTED["task's description"]}@old.internal/desk does.",
        "api": "openapi.yaml",
        "schema": roles["task"],
        "workspace": {"repository": "desk"},
        "budget": {"model_requests": REQUESTS},
    }
    (folder / "task.json").write_text(json.dumps(task))
    home, events = Home(folder), folder / "events.jsonl"
    with anthropic_server(leak) as server, collector() as traced, pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            Home,
            "environment",
            {
                **home.environment,
                "ANTHROPIC_BASE_URL": server.url,
                "ANTHROPIC_API_KEY": PLANTED["provider's key"],
                "OPENAI_API_KEY": PLANTED["another provider's key"],
                "AGENT_POSTGRES_DSN": roles["environment"],
                "OTEL_EXPORTER_OTLP_ENDPOINT": traced.url,
                "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true",
                "BROKER_ADDRESS": "amqp://app:pw%2Fof%2Ban-address-Vn54dC@broker:5672/",
            },
        )
        arguments = ("task.json", "--model", "anthropic:claude-sonnet-5-5", "--events", events, *BRIEFLY, "--json")
        return Leaking(home.call("run", *arguments), server, home, events, traced)


@pytest.fixture(scope="module")
def roles(postgres: PostgresServer) -> Iterator[dict[str, str]]:
    """Two addresses of the tests' server with a password each: one to work with, one to read a schema from."""
    socket = postgres.socket_folder
    with postgres.database() as database, postgres.administer(database) as connection:
        with postgres.connect(database) as owner:
            owner.execute((TINY / "schema.sql").read_bytes())
        for role, kind, rights in (
            ("leak_worker", "database of the environment", SQL("SUPERUSER LOGIN")),
            ("leak_reader", "task's database", SQL("LOGIN")),
        ):
            connection.execute(
                SQL("CREATE ROLE {} {} PASSWORD {}").format(Identifier(role), rights, Literal(PLANTED[kind]))
            )
        connection.execute(SQL("GRANT CONNECT ON DATABASE {} TO leak_reader").format(Identifier(database.name)))
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO leak_reader")
        connection.commit()
        yield {
            "environment": f"host={socket} port=5432 user=leak_worker password={PLANTED['database of the environment']}"
            " dbname=postgres",
            "task": f"postgresql://leak_reader:{PLANTED["task's database"]}@/{database.name}?host={socket}",
        }
        connection.execute("DROP OWNED BY leak_reader")
        connection.execute("DROP ROLE leak_worker")
        connection.execute("DROP ROLE leak_reader")
        connection.commit()


def test_the_run_came_to_its_end(leaking: Leaking) -> None:
    assert leaking.answer.code == 3, leaking.answer.err
    assert leaking.server.refused == []
    assert len(leaking.server.asked) == REQUESTS


def test_what_is_planted_is_secret(leaking: Leaking, roles: dict[str, str]) -> None:
    """The places that are searched below would hold it: it is in the file and in the addresses that were used."""
    assert PLANTED["file"] in (leaking.worktree / "keys.py").read_text()
    assert conninfo_to_dict(roles["task"])["password"] == PLANTED["task's database"]


@pytest.mark.parametrize("kind", PLANTED)
def test_nothing_of_it_was_sent_to_the_model(leaking: Leaking, kind: str) -> None:
    for asked in leaking.server.asked:
        assert PLANTED[kind] not in json.dumps(asked.body, ensure_ascii=False)


def test_the_model_was_shown_marks_in_its_place(leaking: Leaking) -> None:
    assert "Behaves like postgres" in leaking.server.asked[0].opening
    _, read, _, found, copied, _, tested = (asked.last for asked in leaking.server.asked)
    assert 'API_TOKEN = "[[secret ' in read
    assert 'API_TOKEN = "[[secret ' in found
    assert "is not written there" in copied
    assert "AssertionError: [[secret " in tested


@pytest.mark.parametrize("kind", PLANTED)
def test_nothing_of_it_was_traced_though_what_was_said_was(leaking: Leaking, kind: str) -> None:
    assert leaking.traced.holding("Behaves like postgres")
    assert leaking.traced.holding(PLANTED[kind]) == []


@pytest.mark.parametrize("kind", PLANTED)
def test_nothing_of_it_was_printed(leaking: Leaking, kind: str) -> None:
    assert PLANTED[kind] not in leaking.answer.out
    assert PLANTED[kind] not in leaking.answer.err


def test_the_reports_tell_of_the_failing_test(leaking: Leaking) -> None:
    """So that there was something to redact in each of them."""
    (run,) = (leaking.home.folder / "runs").iterdir()
    for name in ("report.json", "report.md", "junit.xml", "journal.jsonl"):
        assert "test_leak" in (run / name).read_text(), name
    assert "secret" in (run / "report.json").read_text()


@pytest.fixture(scope="module")
def holding(leaking: Leaking) -> list[Path]:
    """The files that hold any of it, the worktree aside; the caches are large, and read once for all."""
    (run,) = (leaking.home.folder / "runs").iterdir()
    places = [leaking.events, *(path for path in run.iterdir() if path != leaking.worktree), cache_folder()]
    sought = [argument for planted in PLANTED.values() for argument in ("-e", planted)]
    found = subprocess.run(["grep", "-rlaF", *sought, *places], capture_output=True, text=True, check=False)
    assert found.returncode in {0, 1}, found.stderr
    return [Path(line) for line in found.stdout.splitlines()]


@pytest.mark.parametrize("kind", PLANTED)
def test_nothing_of_it_is_kept(holding: list[Path], kind: str) -> None:
    assert [path for path in holding if PLANTED[kind].encode() in path.read_bytes()] == []


def test_the_sandbox_has_none_of_the_environments(leaking: Leaking) -> None:
    seen = (leaking.worktree / "environment.txt").read_text()
    assert "PATH" in seen
    for kind in PLANTED:
        assert PLANTED[kind] not in seen


def test_a_file_is_changed_around_its_secret(leaking: Leaking) -> None:
    assert (leaking.worktree / "keys.py").read_text() == SETTINGS.replace("3\n", "4\n")
    assert (leaking.home.folder / "desk" / "keys.py").read_text() == SETTINGS


def test_a_secret_is_not_carried_into_another_file(leaking: Leaking) -> None:
    assert not (leaking.worktree / "copy.txt").exists()
    history = git(leaking.home.folder / "desk", "log", "--format=%B", "agent/notes")
    for kind in PLANTED:
        assert PLANTED[kind] not in history


@pytest.mark.parametrize("kind", ["provider's key", "database of the environment"])
def test_an_error_does_not_tell_it(tmp_path: Path, kind: str) -> None:
    given = {
        "ANTHROPIC_API_KEY": PLANTED["provider's key"],
        "AGENT_POSTGRES_DSN": f"postgresql://app:{PLANTED['database of the environment']}@localhost:1/none",
    }
    done = subprocess.run(
        [AGENT, "run", f"{PLANTED[kind]}.yaml", "--sandbox", PLANTED[kind], "--json"],
        env={**os.environ, **given, "AGENT_STATE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert PLANTED[kind] not in done.stdout + done.stderr
    assert "[[secret " in done.stderr
