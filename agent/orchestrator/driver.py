"""Carries out the moves that the loop decides, one after the other, and records what happened."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from agent.checklist.case import GateEvent, GateFinished
from agent.checklist.checklist import settle
from agent.checklist.memory import open_memory
from agent.developer.allowance import Allowance
from agent.errors import BudgetExhausted
from agent.journal.events import (
    AssignmentDone,
    AssignmentGiven,
    BudgetReached,
    Ending,
    Escalated,
    GateSettled,
    OpenHole,
    Scaffolded,
    Verified,
)
from agent.loop.moves import Deliver, Escalate, Scaffold, Verify, Work, next_move
from agent.loop.state import State, state_of
from agent.orchestrator.budget import allowance, in_words
from agent.orchestrator.inputs import PROPOSED
from agent.orchestrator.session import Session
from agent.stacks.base import Hole
from agent.workspace.model import Workspace
from prompts.marking import visible


@dataclass(slots=True)
class Driver:
    """The hands of the loop. What to do is decided in `agent/loop`, from the journal alone."""

    session: Session
    workspace: Workspace

    async def run(self) -> Ending:
        """Work until the loop says to deliver; why it ended."""
        models = self.session.record.models
        while True:
            state = state_of(self.session.journal.events)
            singly = bool(models) and models[state.model] in self.session.record.singly
            match next_move(state, models=len(models), singly=singly):
                case Scaffold():
                    with self.session.traces.span("blueprint"):
                        await self._scaffold()
                case Verify():
                    with self.session.traces.span("verification"):
                        await self._verify(state)
                case Work() as work:
                    await self._work(state, work)
                case Escalate(why):
                    self.session.happened(Escalated(model=models[state.model + 1], why=why))
                case Deliver(ending):
                    return ending

    async def _scaffold(self) -> None:
        started, session, inputs = time.monotonic(), self.session, self.session.inputs
        if session.record.blueprint:
            session.note("writing what needs no judgement", "blueprint")
            scaffold = inputs.stack.scaffold(inputs.contract, inputs.catalog, inputs.binding, session.record.title)
            files, holes = scaffold.files, tuple(map(open_hole, scaffold.holes))
        else:
            files, holes = {}, ()
        if inputs.proposal:
            files = {**files, PROPOSED: inputs.proposal}
        before = self.workspace.read()
        replaced = tuple(sorted(path for path in files if before.get(path, files[path]) != files[path]))
        self.workspace.write(files)
        if files:
            await inputs.stack.format(self.workspace)
        commit = self.workspace.commit(f"Write the service from its contract and schema\n\n{_about(holes)}")
        head = commit or self.workspace.head()
        session.happened(
            Scaffolded(
                commit=head or self.workspace.tree(),
                tree=self.workspace.tree(),
                files=len(files),
                holes=holes,
                replaced=replaced,
                existing=session.record.existing,
                seconds=time.monotonic() - started,
            )
        )

    async def _verify(self, state: State) -> None:
        started, session, tree = time.monotonic(), self.session, self.workspace.tree()

        def progress(event: GateEvent) -> None:
            if isinstance(event, GateFinished):
                session.happened(gate_settled(tree, event))
            else:
                session.note(event.check, "gate")

        known = tuple(
            GateFinished(one.check, one.gate, one.receipts, one.measures, one.seconds)
            for one in state.settled
            if one.tree == tree
        )
        memory = open_memory(session.folder / "settled", self.workspace.sandbox.kind)
        case = session.inputs.case(self.workspace, session.record.effort, session.record.title)
        verdict = await settle(case, progress, known=known, memory=memory)
        reasons = {hole.operation: hole.reason for hole in state.holes}
        holes = tuple(
            open_hole(replace(hole, reason=hole.reason or reasons.get(hole.operation, "")))
            for hole in session.inputs.stack.open_holes(self.workspace.read())
        )
        session.happened(Verified(verdict=verdict, holes=holes, seconds=time.monotonic() - started))

    async def _work(self, state: State, work: Work) -> None:
        session = self.session
        try:
            left = allowance(session.record, state)
        except BudgetExhausted as error:
            session.happened(BudgetReached(limit=str(error)))
            return
        with session.traces.span("assignment"):
            await self._given(state, work, left)

    async def _given(self, state: State, work: Work, left: Allowance) -> None:
        from agent.orchestrator.development import develop

        session, title = self.session, work.assignment.title
        session.happened(AssignmentGiven(assignment=work.assignment, singly=work.singly))
        worked = await develop(session, self.workspace, state, work, left)
        commit = self.workspace.commit(visible(f"Work on {title}\n\n{worked.said or worked.failure}".strip()))
        session.happened(
            AssignmentDone(
                title=title,
                commit=commit or state.commit or "",
                tree=self.workspace.tree(),
                said=worked.said,
                failure=worked.failure,
                circled=worked.circled,
                found=worked.found,
                changed=worked.changed,
                unwritten=worked.unwritten,
                beyond=worked.beyond,
            )
        )
        if worked.limit:
            session.happened(BudgetReached(limit=in_words(session.record, worked.limit)))


def gate_settled(tree: str, finished: GateFinished) -> GateSettled:
    """A settled gate as the journal keeps it."""
    return GateSettled(
        tree=tree,
        check=finished.check,
        gate=finished.gate,
        receipts=finished.receipts,
        measures=finished.measures,
        seconds=finished.seconds,
    )


def open_hole(hole: Hole) -> OpenHole:
    """A hole as the journal keeps it."""
    return OpenHole(name=hole.name, file=hole.file, line=hole.line, operation=hole.operation, reason=hole.reason)


def _about(holes: tuple[OpenHole, ...]) -> str:
    if not holes:
        return "Every operation was derived."
    names = "\n".join(f"- {hole.operation}: {hole.reason}" for hole in holes)
    return f"Not derived, left as typed functions without a body:\n{names}"
