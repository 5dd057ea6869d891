"""Gives an assignment of the loop to the developer, and waits for it to stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

from agent.checklist.databases import reached
from agent.developer.allowance import Allowance
from agent.developer.conduct.judging import judge
from agent.developer.conduct.model import Conduct
from agent.developer.ending import Worked
from agent.developer.filling import Filler
from agent.developer.material import views
from agent.developer.models import open_model
from agent.developer.packages import Packages
from agent.developer.seen import Seen
from agent.developer.toolbox import Toolbox
from agent.developer.viewing import Background, view
from agent.developer.working import Developer
from agent.errors import InputError, MissingDependency
from agent.journal.events import Assignment
from agent.loop.moves import Work
from agent.loop.state import State, state_of
from agent.orchestrator.budget import allowance as allowance_of
from agent.orchestrator.opening import builder_of
from agent.orchestrator.session import Session
from agent.stacks.base import DatabaseAccess, Hole
from agent.workspace.model import Workspace
from prompts.rendering import TryView, persona
from prompts.rendering import assignment as render_assignment
from tools.errors import SandboxUnavailable, ServerUnavailable
from tools.files import Files
from tools.redaction.room import room

_TOO_SMALL = "asked for one function at a time it wrote none that the checks take, and it is too small for tools"


async def develop(session: Session, workspace: Workspace, state: State, work: Work, allowance: Allowance) -> Worked:
    """Let the model work on one assignment. Each of its answers is recorded as it comes.

    Raises MissingDependency or InputError when it cannot work at all; the run can be resumed then.
    """
    stack, there = session.inputs.stack, workspace.read()
    assignment = _as_it_stands(work.assignment, stack.open_holes(there))
    background = _background(session)
    shown = view(background, assignment, state.verdict, there, tried=_tried(state, assignment.title))
    theirs = workspace.theirs() if session.record.existing else frozenset[str]()
    bench = _toolbox(session, workspace, {file.path: there[file.path] for file in shown.files}, theirs)
    model = (session.open_model or open_model)(session.record.models[state.model])
    filler = Filler(model, bench, session.happened, lambda: _left(session), session.traces)
    functions, began = views(background, shown, there, stack), workspace.tree()
    with _ending_well(session):
        if work.singly:
            worked = await filler.fill_all(functions)
        else:
            instructions = persona(session.inputs.rulebook, session.record.stack)
            developer = Developer(model, instructions, session.happened, session.traces)
            worked = await developer.work(render_assignment(shown), bench, allowance)
            asked = assignment.title in state.singly
            if shown.holes and not asked and worked.by_itself and workspace.tree() == began:
                filled = await filler.fill_all(functions)
                worked = replace(filled, said=f"{worked.said}\n{filled.said}".strip())
    conduct = judge(
        there,
        workspace.read(),
        holes=[hole.name for hole in assignment.holes],
        meant=[place.partition(":")[0] for failure in shown.failures for place in failure.places],
    )
    _put_back(conduct, workspace, bench.files)
    await bench.format()  # the style of an edit is no question for a model
    now = workspace.read()
    still = {hole.name for hole in stack.open_holes(now)} if work.singly else set()
    unwritten = tuple(hole.name for hole in assignment.holes if hole.name in still)
    small = session.record.models[state.model] in session.record.small
    return replace(
        worked,
        beyond=_TOO_SMALL if unwritten and small and worked.by_itself else "",
        found=conduct.found,
        changed=tuple(sorted(path for path in theirs if there.get(path) != now.get(path))),
        unwritten=unwritten,
    )


def _as_it_stands(assignment: Assignment, there: Iterable[Hole]) -> Assignment:
    """The assignment without the functions that are written by now, the others where they stand now."""
    lines = {hole.name: hole.line for hole in there}
    holes = [hole.model_copy(update={"line": lines[hole.name]}) for hole in assignment.holes if hole.name in lines]
    return assignment.model_copy(update={"holes": tuple(holes)})


def _background(session: Session) -> Background:
    return Background(
        task=session.record.title,
        description=session.record.description,
        acceptance=session.record.acceptance,
        contract=session.inputs.contract,
        catalog=session.inputs.catalog,
        binding=session.inputs.binding,
        rulebook=session.inputs.rulebook,
        existing=session.record.existing,
    )


def _toolbox(session: Session, workspace: Workspace, known: Mapping[str, str], theirs: frozenset[str]) -> Toolbox:
    stack = session.inputs.stack
    return Toolbox(
        workspace,
        stack,
        Files(workspace.root, check=stack.syntax_error, shown=room.redact),
        lambda: _empty_database(session, workspace),
        Packages(workspace, builder_of(session), session.happened).add,
        Seen(known),
        theirs,
    )


@contextmanager
def _ending_well(session: Session) -> Iterator[None]:
    """What keeps the model from working at all ends the command, with the remedy."""
    remedy = f"when that is mended, continue with `agent resume {session.folder.name}`"
    try:
        yield
    except (SandboxUnavailable, ServerUnavailable, MissingDependency) as error:
        raise MissingDependency(f"{error}; {remedy}") from error
    except InputError as error:
        raise InputError(f"{error}; {remedy}, and another `--model` where it is to blame") from error


def _put_back(conduct: Conduct, workspace: Workspace, files: Files) -> None:
    for path, content in conduct.back.items():
        if content is None:
            files.delete(path)
        else:
            workspace.write({path: content})


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
