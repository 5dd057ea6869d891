"""The library's door: deliver a task, resume a run."""

from __future__ import annotations

import asyncio
import os
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from pathlib import Path

from agent.delivery.model import Delivery
from agent.journal.events import Event, Interrupted, Resumed, RunStarted
from agent.journal.recording import Journal, exclusively
from agent.orchestrator.confining import confined, stranger_in
from agent.orchestrator.correcting import FILE, read_plan
from agent.orchestrator.delivering import deliver, deliver_interrupted, delivered_before
from agent.orchestrator.driver import Driver
from agent.orchestrator.existing import holds_service
from agent.orchestrator.inputs import Inputs, reading
from agent.orchestrator.opening import check_workspace, open_workspace
from agent.orchestrator.options import Listener, Note, RunOptions, chosen_models, discreet, in_words, silent
from agent.orchestrator.record import RunRecord, keep, keep_record, recall
from agent.orchestrator.runs import find_run, new_run
from agent.orchestrator.session import Session
from agent.orchestrator.stopping import RunInterrupted, stoppable, undisturbed
from agent.stacks.registry import stack_named
from agent.task.loading import load_task
from agent.task.model import Task
from tools.redaction.room import room
from tools.telemetry.opening import sending_traces
from tools.telemetry.traces import Traces


def run_task(task: Task | Path, options: RunOptions = RunOptions(), listener: Listener = silent) -> Delivery:
    """Deliver a task: write the service on a new branch, verify it, write the reports.

    Raises InputError (nothing was written) and MissingDependency. Ctrl-C, SIGTERM and SIGHUP end it with
    RunInterrupted: the run can be resumed; before there was a run, with KeyboardInterrupt.
    """
    with stoppable():
        room.know_environment(os.environ)
        listener = discreet(listener)
        loaded = task if isinstance(task, Task) else load_task(task)
        room.learn(loaded.schema_dsn or "")
        record = RunRecord.of(loaded, options)
        listener(Note(_model_note(options, loaded), "model"))
        stack_named(record.stack)
        check_workspace(record)
        record = _as_it_stands(_can_start(record, listener), listener, asked=options.blueprint)
        schema = loaded.schema_dsn or loaded.schema_files
        said = read_plan(loaded.folder / FILE)
        reads = reading(loaded.api, schema, record.stack, listener, strict=options.strict, corrections=said)
        with reads as inputs:
            warnings = inputs.reservations if record.blueprint else inputs.assumptions
            known = {"warnings": warnings, "corrections": said, "proposed": bool(inputs.proposal)}
            record = record.model_copy(update=known)
            folder = new_run(record.slug)
            keep(folder, record, inputs)
            with exclusively(folder), _traces(listener) as traces:
                session = Session(folder, record, inputs, Journal(folder), listener, traces=traces)
                return _work(session, _started(folder.name, record, inputs))


def resume_run(name: str, options: RunOptions = RunOptions(), listener: Listener = silent) -> Delivery:
    """Continue a run from its journal. What is given in `options` (model, limits) replaces what the run began with.

    A run on which nothing is left to do gives the delivery that it gave before. Raises RunNotFound, and what
    `run_task` raises.
    """
    room.know_environment(os.environ)
    listener = discreet(listener)
    folder = find_run(name)
    with stoppable(), exclusively(folder):
        kept, api, schema = recall(folder)
        record = kept.with_options(options)
        journal = Journal(folder)
        before = delivered_before(folder, kept, journal.events, models=len(record.models))
        if before:
            return before
        check_workspace(record, folder)
        record = _can_start(record, listener)
        reads = reading(api, [schema], record.stack, listener, corrections=kept.corrections)
        with reads as inputs, _traces(listener) as traces:
            keep_record(folder, record)
            if kept.proposed:
                inputs = replace(inputs, proposal=schema.read_text(encoding="utf-8"))
            session = Session(folder, record, inputs, journal, listener, traces=traces)
            return _work(session, Resumed(process=os.getpid()))


def _work(session: Session, first: Event) -> Delivery:
    """Everything from the first event of this process to the reports."""
    try:
        with session.traces.span("run"):
            session.happened(first)
            workspace = open_workspace(session)
            with closing(workspace.sandbox):
                ending = asyncio.run(Driver(session, workspace).run())
            return deliver(session, ending)
    except KeyboardInterrupt:
        with undisturbed():
            session.happened(Interrupted())
            raise RunInterrupted(deliver_interrupted(session)) from None
    finally:
        session.journal.close()


def _traces(listener: Listener) -> AbstractContextManager[Traces]:
    return sending_traces(lambda text: listener(Note(text, "telemetry")))


def _model_note(options: RunOptions, task: Task) -> str:
    models, why = chosen_models(options.models, task.model)
    return f"model: {in_words(models)} ({why})"


def _started(name: str, record: RunRecord, inputs: Inputs) -> RunStarted:
    return RunStarted(
        run=name,
        title=record.title,
        stack=record.stack,
        model=in_words(record.models),
        sandbox=record.sandbox,
        operations=len(inputs.contract.operations),
        tables=len(inputs.catalog.tables),
        blueprint=record.blueprint,
    )


def _can_start(record: RunRecord, listener: Listener) -> RunRecord:
    """Find out before anything is written what would stop the run later; the record with the chosen sandbox."""
    chosen = confined(record.sandbox, stranger=stranger_in(record), trusted=record.trusted)
    listener(Note(f"sandbox: {chosen.kind} ({chosen.why})", "sandbox"))
    singly = tuple(name for name in record.models if not _has_price(name, needed=record.max_usd is not None))
    small = tuple(name for name in singly if _is_small(name))
    for name in small:
        listener(Note(f"{name} is small: it is asked for single functions, and gets no tools for them", "model"))
    return record.model_copy(update={"sandbox": chosen.kind, "singly": singly, "small": small})


def _as_it_stands(record: RunRecord, listener: Listener, *, asked: bool | None) -> RunRecord:
    """The same; where the repository holds a service, without the blueprint, unless that is asked for."""
    if asked or not holds_service(record):
        return record
    listener(Note("the repository holds a service, so the blueprint writes nothing; --blueprint lets it", "blueprint"))
    return record.model_copy(update={"blueprint": False, "existing": True})


def _has_price(name: str, *, needed: bool) -> bool:
    from agent.developer.models import has_price, open_model, require_price

    model = open_model(name)
    if needed:
        require_price(model)
    return has_price(model)


def _is_small(name: str) -> bool:
    from agent.developer.models import open_model
    from agent.developer.sizing import is_small

    return is_small(open_model(name))
