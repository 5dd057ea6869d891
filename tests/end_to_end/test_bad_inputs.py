"""Whatever is wrong with what the command line is given is said with its place, and leaves nothing behind."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from agent.cli.app import main
from tests.end_to_end.processes import AGENT

TINY = Path(__file__).with_name("tiny")
API = (TINY / "openapi.yaml").read_text(encoding="utf-8")
SQL = (TINY / "schema.sql").read_text(encoding="utf-8")
TASK = (TINY / "task.yaml").read_text(encoding="utf-8")

Prepare = Callable[[Path], None]


@dataclass(frozen=True)
class Bad:
    """Something wrong: files that replace good ones (None: not there), a command, and what stands around it."""

    files: Mapping[str, str | bytes | None] = field(default_factory=dict)
    command: str = "run task.yaml"
    prepare: Prepare = lambda _: None


def task(addition: str) -> dict[str, str | bytes | None]:
    """The good task with lines added."""
    return {"task.yaml": TASK + addition}


def task_without(old: str, new: str) -> dict[str, str | bytes | None]:
    """The good task with something replaced."""
    assert old in TASK
    return {"task.yaml": TASK.replace(old, new)}


def api(old: str, new: str) -> dict[str, str | bytes | None]:
    """The good contract with something replaced, once."""
    assert old in API
    return {"openapi.yaml": API.replace(old, new, 1)}


def sql(text: str | bytes) -> dict[str, str | bytes | None]:
    """Another schema."""
    return {"schema.sql": text}


def git(folder: Path, *arguments: str) -> None:
    """Run git as a user does."""
    who = ("-c", "user.name=Someone", "-c", "user.email=someone@localhost", "-c", "commit.gpgSign=false")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def repository(folder: Path) -> None:
    """A repository with one commit."""
    (folder / "shop").mkdir()
    git(folder / "shop", "init", "-q", "-b", "main")
    (folder / "shop" / "README.md").write_text("theirs\n")
    git(folder / "shop", "add", ".")
    git(folder / "shop", "commit", "-q", "-m", "First")


def dirty(folder: Path) -> None:
    """One whose README was changed and not committed."""
    repository(folder)
    (folder / "shop" / "README.md").write_text("changed\n")


def locked(folder: Path) -> None:
    """One that another git command works in."""
    repository(folder)
    (folder / "shop" / ".git" / "index.lock").touch()


def without_commits(folder: Path) -> None:
    """One with no commit yet."""
    (folder / "shop").mkdir()
    git(folder / "shop", "init", "-q", "-b", "main")


def bare(folder: Path) -> None:
    """One without a worktree."""
    git(folder, "init", "-q", "--bare", "shop")


def occupied(folder: Path) -> None:
    """A folder with a file in it."""
    (folder / "out").mkdir()
    (folder / "out" / "mine.txt").write_text("mine\n")


def empty(folder: Path) -> None:
    """A folder without anything in it."""
    (folder / "out").mkdir()


def a_file(folder: Path) -> None:
    """A file where a folder is expected."""
    (folder / "out").write_text("mine\n")


def a_link(folder: Path) -> None:
    """A link that leads nowhere."""
    (folder / "out").symlink_to("nowhere")


IN_SHOP = task("workspace: {repository: shop}\n")

STRICTLY = "run task.yaml --strict"
"""Without it what is meant is taken for what is said, with a warning."""

VERIFY = "verify . --api openapi.yaml --schema schema.sql"
CASES: dict[str, Bad] = {
    # the task
    "no task file": Bad({"task.yaml": None}),
    "the task is a folder": Bad(command="run ."),
    "an empty task": Bad({"task.yaml": ""}),
    "a task that is no mapping": Bad({"task.yaml": "- title\n"}),
    "a task that is no YAML": Bad({"task.yaml": "title: [a\napi: b\n"}),
    "a task in Latin-1": Bad({"task.yaml": b"title: caf\xe9\n"}),
    "a task that is no JSON": Bad({"task.json": '{"title": "Notes",}'}, "run task.json"),
    "an unknown key": Bad(task("titel: Notes\n")),
    "a key twice": Bad(task("title: Again\n")),
    "no title": Bad(task_without("title: Notes\n", "")),
    "an unknown stack": Bad(task_without("python-fastapi", "python")),
    "a stack that is not there yet": Bad(task_without("python-fastapi", "typescript-fastify")),
    "no contract file": Bad({"openapi.yaml": None}),
    "no schema file": Bad({"schema.sql": None}),
    "a contract from the network": Bad(task_without("openapi.yaml", "https://example.org/openapi.yaml")),
    "a budget below nothing": Bad(task("budget: {usd: -1}\n")),
    "a budget in words": Bad(task("budget: {minutes: ten}\n")),
    "an unknown limit": Bad(task("budget: {dollars: 5}\n")),
    "a model that is no text": Bad(task_without("model: offline", "model: 5")),
    "everything at once": Bad({"task.yaml": "titel: Notes\nstack: cobol\napi: nowhere.yaml\nbudget: {usd: x}\n"}),
    # the contract
    "Swagger 2.0": Bad({"openapi.yaml": "swagger: '2.0'\ninfo: {title: a, version: '1'}\npaths: {}\n"}),
    "a version to come": Bad(api("openapi: 3.1.0", "openapi: 4.0.0")),
    "a contract that is no YAML": Bad({"openapi.yaml": "openapi: 3.1.0\ninfo: {title: [\n"}),
    "a contract that is a list": Bad({"openapi.yaml": "- 1\n"}),
    "an empty contract": Bad({"openapi.yaml": ""}),
    "no operations": Bad({"openapi.yaml": "openapi: 3.1.0\ninfo: {title: a, version: '1'}\npaths: {}\n"}),
    "an answer without a description": Bad(api("          description: A page of notes\n", ""), STRICTLY),
    "an operationId twice": Bad(api("createNote", "listNotes")),
    "a reference to nothing": Bad(api('schemas/NoteList"', 'schemas/Notes"')),
    "a reference to the network": Bad(api('"#/components/schemas/NoteList"', "https://example.org/a.yaml")),
    "a reference to a missing file": Bad(api('"#/components/schemas/NoteList"', "parts.yaml#/List")),
    "a reference out of the folder": Bad(api('"#/components/schemas/NoteList"', "../../../etc/hosts")),
    "an undeclared path parameter": Bad(api("name: id, in: path", "name: note, in: path"), STRICTLY),
    "a schema that is none": Bad(api("text: {type: string, minLength: 1", "text: {type: text, minLength: 1"), STRICTLY),
    "a contract in Latin-1": Bad({"openapi.yaml": API.replace("Notes", "Nötes").encode("latin-1")}),
    "an inline contract that is none": Bad(task_without("api: openapi.yaml", "api: {openapi: 3.1.0}")),
    # the schema
    "an empty schema": Bad(sql("")),
    "no table": Bad(sql("CREATE TYPE mood AS ENUM ('good');\n")),
    "a failing statement": Bad(sql(SQL + "CREATE INDEX ON nodes (id);\n")),
    "a syntax error": Bad(sql(SQL.replace("now()\n", "now(),\n"))),
    "MySQL's dialect, what has no counterpart": Bad(sql("CREATE TABLE `notes` (`at` geometry);\n")),
    "SQL Server's dialect": Bad(sql("CREATE TABLE notes (id int IDENTITY(1,1));\n")),
    "a command of psql": Bad(sql(SQL + "\\i more.sql\n")),
    "a schema in Latin-1": Bad(sql("-- Bücher\n".encode("latin-1") + SQL.encode())),
    "a dump in its own format": Bad(sql(b"PGDMP\x01\x0e\x00")),
    "a missing extension": Bad(sql("CREATE EXTENSION nowhere;\n" + SQL.replace("gen_random_uuid", "nowhere"))),
    "a schema in a database that is not there": Bad(
        task_without("schema.sql", "postgresql://nobody@127.0.0.1:1/notes")
    ),
    # the workspace
    "a dirty repository": Bad(IN_SHOP, prepare=dirty),
    "a locked repository": Bad(IN_SHOP, prepare=locked),
    "a repository without commits": Bad(IN_SHOP, prepare=without_commits),
    "a bare repository": Bad(IN_SHOP, prepare=bare),
    "no repository": Bad(IN_SHOP),
    "a base that is not there": Bad(task("workspace: {repository: shop, base: develop}\n"), prepare=repository),
    "a folder that is not empty": Bad(command="run task.yaml --out out", prepare=occupied),
    "a folder that is a file": Bad(command="run task.yaml --out out", prepare=a_file),
    "a folder below a file": Bad(command="run task.yaml --out out/deep", prepare=a_file),
    "a folder that is a link to nowhere": Bad(command="run task.yaml --out out", prepare=a_link),
    "a folder that is a repository": Bad(command="run task.yaml --out shop", prepare=repository),
    "a folder with too long a name": Bad(command=f"run task.yaml --out {'x' * 300}"),
    # the options
    "an unknown sandbox": Bad(command="run task.yaml --sandbox podman"),
    "an unknown model": Bad(command="run task.yaml --model gpt"),
    "an unknown provider": Bad(command="run task.yaml --model nobody:gpt"),
    "events to a folder": Bad(command="run task.yaml --events ."),
    "events below nothing": Bad(command="run task.yaml --events nowhere/events.jsonl"),
    "a limit below nothing": Bad(command="run task.yaml --max-usd -1"),
    "a limit in words": Bad(command="run task.yaml --max-minutes ten"),
    "a limit that is no number": Bad(command="run task.yaml --max-usd nan"),
    "an unknown option": Bad(command="run task.yaml --fast"),
    "an unknown command": Bad(command="walk"),
    "no task": Bad(command="run"),
    "an unknown run to resume": Bad(command="resume notes-7"),
    "a run to resume outside": Bad(command="resume ../notes"),
    "an unknown run to show": Bad(command="show notes-7"),
    "an unknown rule": Bad(command="rules CON-PARTY"),
    "a task file that is there": Bad(command="init ."),
    "a folder for it that is a file": Bad(command="init task.yaml"),
    "no folder to verify": Bad(command="verify nowhere --api openapi.yaml --schema schema.sql"),
    "nothing to verify": Bad(command="verify out --api openapi.yaml --schema schema.sql", prepare=empty),
    "no contract to verify by": Bad(command="verify . --api nowhere.yaml --schema schema.sql"),
    "no schema to verify by": Bad(command="verify . --api openapi.yaml --schema nowhere.sql"),
    "an unknown stack to verify": Bad(command="verify . --api openapi.yaml --schema schema.sql --stack python"),
    "a setting to verify with that has no value": Bad(command=f"{VERIFY} --setting DATABASE_URL"),
    "an empty start to verify": Bad(command=f"{VERIFY} --start="),
    "an agent.toml with an unknown key": Bad({"agent.toml": "[service]\nstrat = 'x'\n"}, command=VERIFY),
    "an agent.toml that is no TOML": Bad({"agent.toml": "[service\nstart = 'x'\n"}, command=VERIFY),
    "no contract is named to verify by": Bad(command="verify . --schema schema.sql"),
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a good task, beside empty folders for runs and caches."""
    folder = tmp_path / "here"
    for name in ("here", "state", "cache"):
        (tmp_path / name).mkdir()
    for name, content in (("task.yaml", TASK), ("openapi.yaml", API), ("schema.sql", SQL)):
        (folder / name).write_text(content, encoding="utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("AGENT_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("AGENT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("AGENT_SERVER_IDLE_SECONDS", "1")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    return folder


def arranged(bad: Bad, here: Path) -> None:
    """Put the wrong things there."""
    bad.prepare(here)
    for name, content in bad.files.items():
        if content is None:
            (here / name).unlink()
        else:
            (here / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def everything(here: Path) -> dict[str, object]:
    """Every file with its content; contracts that are good and PostgreSQL's empty data folder may be cached.

    A PostgreSQL may also be waiting for the next run.
    """
    top = here.parent
    caches = tuple(top / "cache" / name for name in ("contracts", "postgres", "servers"))
    return {
        str(path.relative_to(top)): path.read_bytes() if path.is_file() else path.is_symlink()
        for path in sorted(top.rglob("*"))
        if not any(path.is_relative_to(cache) for cache in caches)
    }


def called(monkeypatch: pytest.MonkeyPatch, command: str) -> int:
    """The exit code of a command line, in this process."""
    monkeypatch.setattr(sys, "argv", ["agent", *command.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def spoken(text: str, here: Path) -> str:
    """What was said, without the notes of what was done before, and without what is another on each machine."""
    said = re.sub(r"(?m)^ *[0-9.]+ s  .*\n", "", text).replace(str(here), "HERE")
    return re.sub(r"this server has [\w, ]+", "this server has ...", said)


@pytest.mark.parametrize("bad", CASES.values(), ids=CASES.keys())
def test_is_refused(
    bad: Bad,
    here: Path,
    server_address: str,
    snapshot: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AGENT_POSTGRES_DSN", server_address)
    arranged(bad, here)
    before = everything(here)
    code = called(monkeypatch, bad.command)
    printed = capsys.readouterr()
    assert (code, printed.out) == (2, "")
    assert spoken(printed.err, here) == snapshot
    assert everything(here) == before


@pytest.mark.parametrize(
    "name", ["everything at once", "a failing statement", "a dirty repository", "an unknown option"]
)
def test_programs_are_told_the_same_as_one_object(
    name: str, here: Path, server_address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AGENT_POSTGRES_DSN", server_address)
    arranged(CASES[name], here)
    code = called(monkeypatch, f"{CASES[name].command} --json")
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert set(found) == {"error", "exit_code", "message", "problems"}
    assert found["exit_code"] == code == 2
    assert found["message"] in printed.err
    assert "\n".join(
        filter(None, (f"{one['place']}: {one['message']}".removeprefix(": ") for one in found["problems"]))
    ) in (
        found["message"],
        "",
    )


@pytest.mark.parametrize(
    "name", ["an unknown key", "Swagger 2.0", "a failing statement", "a dirty repository", "an unknown sandbox"]
)
def test_it_is_the_same_from_a_shell(name: str, here: Path, snapshot: SnapshotAssertion) -> None:
    arranged(CASES[name], here)
    before = everything(here)
    ended = subprocess.run([AGENT, *CASES[name].command.split()], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert spoken(ended.stderr, here) == snapshot
    assert everything(here) == before
