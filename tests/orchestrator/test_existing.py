"""A repository that holds a service: what is added to it, and what of it stays as it is."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.developer import toolbox
from agent.developer.allowance import Allowance
from agent.developer.ending import Worked
from agent.errors import InputError
from agent.journal.events import Assignment, Scaffolded
from agent.journal.recording import Journal
from agent.loop.moves import Work
from agent.loop.state import state_of
from agent.orchestrator.development import develop
from agent.orchestrator.existing import holds_service
from agent.orchestrator.inputs import reading
from agent.orchestrator.opening import open_workspace
from agent.orchestrator.options import RunOptions, silent
from agent.orchestrator.record import RunRecord
from agent.orchestrator.session import Session
from agent.task.loading import load_task
from agent.workspace.worktree import GitWorkspace
from tests.end_to_end.existing import repository
from tests.end_to_end.scripted import results_of
from tests.wire.server import AnthropicServer, Asked, Call, Say, Turn, anthropic_server

TINY = Path(__file__).parents[1] / "end_to_end" / "tiny"
NOTES = "app/notes.py"
OLD = "    return Note(**row)\n"
NEW = """

@router.get('/{id}')
async def get_note(request: Request, id: UUID) -> Note:
    return Note(**await request.app.state.pool.fetchrow('SELECT id, text, created_at FROM notes WHERE id = $1', id)  , )
"""
TEST = "'''One note.'''\n\ndef test_one():\n    assert   True\n"


def record_of(folder: Path, repository: Path, base: str = "main") -> RunRecord:
    """A task on the branch of a repository."""
    task = folder / "task.yaml"
    lines = [
        f"api: {TINY}/openapi.yaml",
        f"schema: {TINY}/schema.sql",
        f"workspace: {{repository: {repository}, base: {base}}}",
    ]
    task.write_text("\n".join(["title: Notes", *lines]))
    options = RunOptions(models=("anthropic:claude-sonnet-5-5",), blueprint=False)
    return RunRecord.of(load_task(task), options).model_copy(update={"existing": True})


def adds_an_operation(asked: Asked) -> Turn:
    """As somebody does who read how the others write."""
    last = "', body.text\n    )\n" + OLD
    turns: list[Turn] = [
        [Call("read_file", {"path": NOTES})],
        [Call("edit_file", {"path": NOTES, "old": last, "new": last + NEW})],
        [Call("write_file", {"path": "checks/test_one.py", "content": TEST}), Call("check", {})],
    ]
    return turns[asked.turn] if asked.turn < len(turns) else [Say("It is written.")]


@dataclass(frozen=True, slots=True)
class Added:
    """What came of it."""

    worked: Worked
    server: AnthropicServer
    workspace: GitWorkspace

    def result(self, tool: str) -> str:
        """What a tool answered."""
        return next(text for name, _, text in results_of(self.server.asked[-1]) if name == tool)


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Added]:
    """One assignment, without the verifications around it."""
    folder = tmp_path_factory.mktemp("existing")
    record = record_of(folder, repository(folder / "shop"))
    with (
        pytest.MonkeyPatch.context() as patch,
        anthropic_server(adds_an_operation) as server,
        reading(TINY / "openapi.yaml", [TINY / "schema.sql"], record.stack, silent) as inputs,
    ):
        patch.setenv("ANTHROPIC_BASE_URL", server.url)
        patch.setenv("ANTHROPIC_API_KEY", "a-key")
        patch.setattr(toolbox, "QUICK_SECONDS", 60.0)
        session = Session(folder, record, inputs, Journal(folder), silent)
        workspace = open_workspace(session)
        session.happened(
            Scaffolded(commit=workspace.head(), files=0, holes=(), seconds=0, existing=True),
        )
        with closing(workspace.sandbox), closing(session.journal):
            work = Work(Assignment(title="GET /notes/{id}"))
            worked = asyncio.run(develop(session, workspace, state_of(session.journal.events), work, Allowance()))
            yield Added(worked, server, workspace)


def test_a_service_is_found_at_the_commit_that_the_work_begins_at(tmp_path: Path) -> None:
    shop = repository(tmp_path / "shop")
    assert holds_service(record_of(tmp_path, shop))
    subprocess.run(["git", "-C", shop, "checkout", "-q", "--orphan", "empty"], check=True)
    subprocess.run(["git", "-C", shop, "rm", "-q", "-r", "-f", "."], check=True)
    who = ("-c", "user.name=Someone", "-c", "user.email=someone@localhost")
    subprocess.run(["git", "-C", shop, *who, "commit", "-q", "--allow-empty", "-m", "Empty"], check=True)
    assert holds_service(record_of(tmp_path, shop))
    assert not holds_service(record_of(tmp_path, shop, base="empty"))


def test_a_service_is_found_wherever_it_lies(tmp_path: Path) -> None:
    shop = repository(tmp_path / "shop")
    subprocess.run(["git", "-C", shop, "mv", "app", "web"], check=True)
    main = shop / "web" / "main.py"
    main.rename(shop / "web" / "sérvice.py")
    who = ("-c", "user.name=Someone", "-c", "user.email=someone@localhost")
    subprocess.run(["git", "-C", shop, "add", "-A"], check=True)
    subprocess.run(["git", "-C", shop, *who, "commit", "-q", "-m", "Move"], check=True)
    assert holds_service(record_of(tmp_path, shop))


def test_an_agent_toml_that_cannot_be_read_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    shop = repository(tmp_path / "shop")
    (shop / "agent.toml").write_text("[service]\nstrat = 'uvicorn web:app'\n")
    who = ("-c", "user.name=Someone", "-c", "user.email=someone@localhost")
    subprocess.run(["git", "-C", shop, "add", "-A"], check=True)
    subprocess.run(["git", "-C", shop, *who, "commit", "-q", "-m", "Say how it starts"], check=True)
    with pytest.raises(InputError, match=r"agent\.toml: service\.strat: unknown key"):
        holds_service(record_of(tmp_path, shop))


def test_what_the_project_says_to_those_who_write_in_it_is_told(added: Added) -> None:
    opening = added.server.asked[0].opening
    assert "`AGENTS.md` says how code is written here" in opening
    assert "one function each, with single quotes" in opening
    assert added.server.asked[0].system == added.server.asked[-1].system


def test_only_what_was_changed_differs_and_formatting_leaves_the_rest_of_the_file(added: Added) -> None:
    assert added.worked.changed == (NOTES,)
    text = (added.workspace.root / NOTES).read_text()
    assert text == added.workspace.before(NOTES) + "\n" + NEW
    listed = added.workspace.git.run("ls-files", "--modified", "--deleted", "--others", "--exclude-standard")
    assert set(listed.split()) == {NOTES, "checks/test_one.py"}


def test_new_files_are_formatted(added: Added) -> None:
    new = (added.workspace.root / "checks" / "test_one.py").read_text()
    assert new == '"""One note."""\n\n\ndef test_one():\n    assert True\n'


def test_what_the_tools_say_of_lines_of_others_is_not_told(added: Added) -> None:
    edited, checked = added.result("edit_file"), added.result("check")
    assert "E501" in edited, "the new line is too long"
    assert "list_notes" not in edited
    assert edited.count("E501") == 1
    assert "app/main.py" not in checked
    assert "unformatted" not in checked
