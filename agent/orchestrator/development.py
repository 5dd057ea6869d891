"""Gives an assignment of the loop to the developer, and waits for it to stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from agent.checklist.databases import reached
from agent.developer.allowance import Allowance
from agent.developer.conduct.judging import judge
from agent.developer.filling import Filler, views
from agent.developer.models import open_model
from agent.developer.packages import Packages
from agent.developer.seen import Seen
from agent.developer.toolbox import Toolbox
from agent.developer.viewing import Background, view
from agent.developer.working import Developer, Worked
from agent.errors import InputError, MissingDependency
from agent.journal.events import Assignment
from agent.loop.state import State, state_of
from agent.orchestrator.budget import allowance as allowance_of
from agent.orchestrator.opening import builder_of
from agent.orchestrator.session import Session
from agent.stacks.base import DatabaseAccess
from agent.workspace.model import Workspace
from prompts.rendering import TryView, persona
from prompts.rendering import assignment as render_assignment
from tools.errors import SandboxUnavailable, ServerUnavailable
from tools.files import Files
from tools.redaction.room import room


async def develop(
    session: Session, workspace: Workspace, state: State, assignment: Assignment, allowance: Allowance
) -> Worked:
    """Let the model work on one assignment. Each of its answers is recorded as it comes.

    Raises MissingDependency or InputError when it cannot work at all; the run can be resumed then.
    """
    background = Background(
        task=session.record.title,
        description=session.record.description,
        acceptance=session.record.acceptance,
        contract=session.inputs.contract,
        catalog=session.inputs.catalog,
        binding=session.inputs.binding,
        rulebook=session.inputs.rulebook,
    )
    model = (session.open_model or open_model)(session.record.models[state.model])
    developer = Developer(
        model, persona(session.inputs.rulebook, session.record.stack), session.happened, session.traces
    )
    there = workspace.read()
    shown = view(background, assignment, state.verdict, there, tried=_tried(state, assignment.title))
    files = Files(workspace.root, check=session.inputs.stack.syntax_error, shown=room.redact)
    packages = Packages(workspace, builder_of(session), session.happened)
    toolbox = Toolbox(
        workspace,
        session.inputs.stack,
        files,
        lambda: _empty_database(session, workspace),
        packages.add,
        Seen({file.path: there[file.path] for file in shown.files}),
    )
    remedy = f"when that is mended, continue with `agent resume {session.folder.name}`"
    try:
        began = workspace.tree()
        worked = await developer.work(render_assignment(shown), toolbox, allowance)
        if shown.holes and worked.by_itself and workspace.tree() == began:
            filler = Filler(model, toolbox, session.happened, lambda: _left(session), session.traces)
            filled = await filler.fill_all(views(background, shown, there, session.inputs.stack))
            worked = replace(filled, said=f"{worked.said}\n{filled.said}".strip())
    except (SandboxUnavailable, ServerUnavailable, MissingDependency) as error:
        raise MissingDependency(f"{error}; {remedy}") from error
    except InputError as error:
        raise InputError(f"{error}; {remedy}, and another `--model` where it is to blame") from error
    conduct = judge(
        there,
        workspace.read(),
        holes=[hole.name for hole in assignment.holes],
        meant=[place.partition(":")[0] for failure in shown.failures for place in failure.places],
    )
    for path, content in conduct.back.items():
        if content is None:
            files.delete(path)
        else:
            workspace.write({path: content})
    await session.inputs.stack.format(workspace)  # the style of an edit is no question for a model
    return replace(worked, found=conduct.found)


def _left(session: Session) -> Allowance:
    return allowance_of(session.record, state_of(session.journal.events))


def _tried(state: State, title: str) -> tuple[TryView, ...]:
    return tuple(TryView(one.said, one.ended, one.found) for one in state.tried.get(title, ()))


@asynccontextmanager
async def _empty_database(session: Session, workspace: Workspace) -> AsyncIterator[DatabaseAccess]:
    server = session.inputs.server
    database = await asyncio.to_thread(server.create_database)
    try:
        async with reached(session.inputs.stack, workspace, database, server.socket_folder) as access:
            yield access
    finally:
        await asyncio.to_thread(server.drop_database, database)
