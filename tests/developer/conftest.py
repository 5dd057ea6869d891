"""A toolbox on a real service, and a scripted model that uses it over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.checklist.databases import reached
from agent.developer.allowance import Allowance
from agent.developer.ending import Worked
from agent.developer.models import open_model
from agent.developer.toolbox import Toolbox
from agent.developer.working import Developer, ModelEvent
from agent.journal.events import ModelAnswered
from agent.places import cache_folder
from agent.rulebook.loading import load_rulebook
from agent.stacks.base import DatabaseAccess
from agent.stacks.python_fastapi.stack import PythonFastapi
from agent.workspace.opening import snapshot_workspace
from agent.workspace.toolchain import build_toolchain
from evals.defects.collection import WRITTEN
from prompts.rendering import persona
from tests.wire.server import AnthropicServer, Asked, Bill, Say, Turn, anthropic_server
from tests.wire.validation import blocks, unmarked
from tools.files import Files
from tools.postgres.server import PostgresServer

GOOD = WRITTEN / "notes"
PERSONA = persona(load_rulebook(), "python-fastapi")
KNOWN = "claude-sonnet-5-5"
"""A model with a known price; its answers are streamed."""


@pytest.fixture(scope="session")
def toolchain() -> Path:
    return build_toolchain(PythonFastapi().toolchain_lock(), cache_folder())


@pytest.fixture
def service(toolchain: Path, tmp_path: Path, postgres: PostgresServer) -> Toolbox:
    """The tools on a whole service, in the real sandbox, with the real linter, type checker and tests."""
    workspace = snapshot_workspace(GOOD, toolchain=toolchain, sandbox="auto", state=tmp_path / "state")
    stack = PythonFastapi()

    @asynccontextmanager
    async def empty_database() -> AsyncIterator[DatabaseAccess]:
        database = await asyncio.to_thread(postgres.create_database)
        try:
            async with reached(stack, workspace, database, postgres.socket_folder) as access:
                yield access
        finally:
            await asyncio.to_thread(postgres.drop_database, database)

    return Toolbox(workspace, stack, Files(workspace.root, check=stack.syntax_error), empty_database)


@pytest.fixture
def folder(service: Toolbox) -> Path:
    """Where the service's files are."""
    return service.files.root


@dataclass(frozen=True, slots=True)
class Played:
    """What came of an assignment."""

    worked: Worked
    events: tuple[ModelEvent, ...]
    server: AnthropicServer

    @property
    def answers(self) -> tuple[ModelAnswered, ...]:
        """The model's answers, as they were recorded."""
        return tuple(event for event in self.events if isinstance(event, ModelAnswered))

    @property
    def results(self) -> list[dict[str, Any]]:
        """The tool results of the whole conversation, in the order in which they were sent."""
        messages = self.server.asked[-1].body["messages"]
        return [one for message in messages for one in blocks(message["content"]) if one["type"] == "tool_result"]

    @property
    def result(self) -> dict[str, Any]:
        """The only tool result."""
        (one,) = self.results
        return one


def text_of(result: dict[str, Any]) -> str:
    """What a tool result says."""
    content = result["content"]
    return unmarked(content if isinstance(content, str) else "\n".join(part["text"] for part in content))


Play = Callable[..., Awaitable[Played]]


@pytest.fixture
def play(service: Toolbox, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Let a model take these turns, one after the other, then say that it is done."""

    async def run(
        *turns: Turn,
        allowance: Allowance = Allowance(),
        model: str = KNOWN,
        toolbox: Toolbox = service,
        bill: Bill | None = None,
    ) -> Played:
        def script(asked: Asked) -> Turn:
            return turns[asked.turn] if asked.turn < len(turns) else [Say("It is done.")]

        events: list[ModelEvent] = []
        with anthropic_server(script, bill) as server:
            monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
            developer = Developer(open_model(f"anthropic:{model}"), PERSONA, events.append)
            worked = await developer.work("# Assignment\nDo it.", toolbox, allowance)
        return Played(worked, tuple(events), server)

    return run
