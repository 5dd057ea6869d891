"""Our own side of `overhead`: works on an assignment again and again, until it has made as many steps as are wanted.

    python -m evals.bench.stepping FOLDER STEPS [library]

With `library` the same conversations are held by the library below the runtime, with tools that do the least.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path

from pydantic_ai import Agent, RunUsage, UsageLimits
from pydantic_ai.exceptions import UsageLimitExceeded
from pydantic_ai.settings import ModelSettings

from agent.developer.allowance import Allowance
from agent.developer.models import open_model
from agent.developer.working import REQUESTS_AN_ASSIGNMENT
from agent.journal.events import AssignmentGiven, ModelAnswered
from agent.loop.assignments import every_assignment
from agent.loop.moves import Work
from agent.loop.state import state_of
from agent.orchestrator.development import develop
from agent.orchestrator.session import Session
from agent.receipts import Verdict
from agent.rulebook.loading import load_rulebook
from agent.workspace.worktree import GitWorkspace
from evals.bench.prompt_cost import MODEL, at_work, scaffolded, write_service
from prompts.rendering import persona

_SETTINGS = ModelSettings(cache=True)


async def step(session: Session, workspace: GitWorkspace, steps: int) -> None:
    """One conversation after the other, each as long as the runtime lets it be."""
    holes = await scaffolded(session, workspace)
    (assignment,) = every_assignment(Verdict(tree=workspace.tree(), receipts=()), holes)
    while sum(isinstance(event, ModelAnswered) for event in session.journal.events) <= steps:
        session.happened(AssignmentGiven(assignment=assignment))
        worked = await develop(session, workspace, state_of(session.journal.events), Work(assignment), Allowance())
        print(worked, flush=True)


async def step_plainly(folder: Path, steps: int) -> None:
    """The library alone."""
    agent = Agent(open_model(MODEL), instructions=persona(load_rulebook(), "python-fastapi"), model_settings=_SETTINGS)

    @agent.tool_plain
    def write_file(path: str, content: str) -> str:
        """Write a whole file."""
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(content)
        return f"wrote {path}"

    @agent.tool_plain
    def read_file(path: str) -> str:
        """Read a text file."""
        return (folder / path).read_text()

    used = RunUsage()
    while used.requests <= steps:
        with suppress(UsageLimitExceeded):
            limits = UsageLimits(request_limit=used.requests + REQUESTS_AN_ASSIGNMENT)
            await agent.run("Write and read notes.", usage=used, usage_limits=limits)


def main(folder: Path, steps: int, *, library: bool) -> None:
    """In an empty folder."""
    if library:
        asyncio.run(step_plainly(folder, steps))
        return
    with at_work(write_service(1, folder), folder) as (session, workspace):
        asyncio.run(step(session, workspace, steps))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), library="library" in sys.argv[3:])
