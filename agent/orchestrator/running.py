"""The library's door: deliver a task, resume a run."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from agent.binding.deriving import bind
from agent.catalog.live import load_catalog_from_dsn
from agent.catalog.loading import load_catalog
from agent.catalog.model import Catalog
from agent.contract.loading import load_contract
from agent.contract.model import Contract
from agent.delivery.model import Delivery
from agent.errors import MissingDependency
from agent.journal.events import Interrupted, Resumed, RunStarted
from agent.journal.recording import Journal, exclusively
from agent.orchestrator.delivering import deliver, deliver_interrupted
from agent.orchestrator.driver import Driver
from agent.orchestrator.opening import open_workspace
from agent.orchestrator.options import OFFLINE, Listener, Note, RunOptions, chosen_model, silent
from agent.orchestrator.record import RunRecord, keep, recall
from agent.orchestrator.runs import find_run, new_run
from agent.orchestrator.session import Session
from agent.places import cache_folder
from agent.rulebook.loading import load_rulebook
from agent.stacks.registry import stack_named
from agent.task.loading import load_task
from agent.task.model import ExistingRepository, NewFolder, Task
from tools.errors import ServerUnavailable
from tools.postgres.server import PostgresServer, postgres_server
from tools.sandbox.choosing import probe_bubblewrap

DEFAULT_MINUTES = 60.0
DEFAULT_REQUESTS = 400


def run_task(task: Task | Path, options: RunOptions = RunOptions(), listener: Listener = silent) -> Delivery:
    """Deliver a task: write the service on a new branch, verify it, write the reports.

    Raises InputError (nothing was written) and MissingDependency. A `KeyboardInterrupt` is recorded first: the run
    can be resumed.
    """
    loaded = task if isinstance(task, Task) else load_task(task)
    record = _record(loaded, options, listener)
    contract = _contract(loaded, listener)
    stack = stack_named(record.stack)
    _can_start(record)
    with serving(listener) as server:
        catalog = _catalog(loaded, server, listener)
        binding = bind(contract, catalog)
        folder = new_run(record.slug)
        keep(folder, record, contract, catalog)
        with exclusively(folder):
            journal = Journal(folder)
            session = Session(
                folder, record, contract, catalog, binding, load_rulebook(), stack, server, journal, listener
            )
            session.happened(
                RunStarted(
                    run=folder.name,
                    title=record.title,
                    stack=record.stack,
                    model=record.model,
                    sandbox=record.sandbox,
                    operations=len(contract.operations),
                    tables=len(catalog.tables),
                    blueprint=record.blueprint,
                )
            )
            return _carry_out(session)


def resume_run(name: str, options: RunOptions = RunOptions(), listener: Listener = silent) -> Delivery:
    """Continue a run from its journal. What is given in `options` (model, limits) replaces what the run began with.

    Raises RunNotFound, and what `run_task` raises.
    """
    folder = find_run(name)
    with exclusively(folder):
        kept, api, schema = recall(folder)
        record = kept.model_copy(update=_replaced(options))
        contract = load_contract(api, cache=cache_folder() / "contracts")
        _can_start(record)
        with serving(listener) as server:
            catalog = load_catalog(server, [schema])
            journal = Journal(folder)
            stack = stack_named(record.stack)
            session = Session(
                folder,
                record,
                contract,
                catalog,
                bind(contract, catalog),
                load_rulebook(),
                stack,
                server,
                journal,
                listener,
            )
            session.happened(Resumed(process=os.getpid()))
            return _carry_out(session)


@contextmanager
def serving(listener: Listener) -> Iterator[PostgresServer]:
    """A PostgreSQL server: `AGENT_POSTGRES_DSN`, installed binaries, or the embedded ones. Raises MissingDependency."""
    listener(Note("starting PostgreSQL", "postgres"))
    try:
        with postgres_server(dsn=os.environ.get("AGENT_POSTGRES_DSN"), cache=cache_folder() / "postgres") as server:
            listener(Note(f"PostgreSQL {server.version_text}", "postgres"))
            yield server
    except ServerUnavailable as error:
        raise MissingDependency(str(error)) from error


def _carry_out(session: Session) -> Delivery:
    try:
        with _terminated_like_interrupted():
            workspace = open_workspace(session)
            state, ending = asyncio.run(Driver(session, workspace).run())
            return deliver(session, workspace, state, ending)
    except KeyboardInterrupt:
        session.happened(Interrupted())
        deliver_interrupted(session)
        raise
    finally:
        session.journal.close()


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """SIGTERM ends a run as Ctrl-C does: recorded, children gone, resumable."""

    def stop(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    previous = None
    with contextlib.suppress(ValueError):  # not in the main thread: the caller handles signals
        previous = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        if previous is not None:
            signal.signal(signal.SIGTERM, previous)


def _record(task: Task, options: RunOptions, listener: Listener) -> RunRecord:
    model, why = chosen_model(options.model, task.model)
    listener(Note(f"model: {model} ({why})", "model"))
    repository = task.workspace if isinstance(task.workspace, ExistingRepository) and not options.out else None
    folder = options.out or (task.workspace.folder if isinstance(task.workspace, NewFolder) else None)
    return RunRecord(
        title=task.title,
        slug=task.slug,
        description=task.description,
        acceptance="\n".join(task.acceptance),
        stack=task.stack,
        model=model,
        sandbox=options.sandbox,
        blueprint=options.blueprint,
        max_usd=_first(options.max_usd, task.budget.usd),
        max_minutes=_first(options.max_minutes, task.budget.minutes, DEFAULT_MINUTES),
        max_requests=_first(options.max_requests, task.budget.model_requests, DEFAULT_REQUESTS),
        folder=folder.expanduser().resolve() if folder else None,
        repository=repository.repository if repository else None,
        base=repository.base if repository else None,
    )


def _contract(task: Task, listener: Listener) -> Contract:
    listener(Note("reading the contract", "contract"))
    return load_contract(task.api, cache=cache_folder() / "contracts")


def _catalog(task: Task, server: PostgresServer, listener: Listener) -> Catalog:
    listener(Note("running the schema", "catalog"))
    if task.schema_dsn:
        return load_catalog_from_dsn(server, task.schema_dsn)
    return load_catalog(server, list(task.schema_files))


def _can_start(record: RunRecord) -> None:
    """Find out before anything is written what would stop the run later."""
    problem = None if record.sandbox == "none" else probe_bubblewrap()
    if problem:
        raise MissingDependency(problem)
    if record.model != OFFLINE:
        from agent.developer.models import open_model, require_price

        model = open_model(record.model)
        if record.max_usd is not None:
            require_price(model)


def _replaced(options: RunOptions) -> dict[str, object]:
    given = {
        "model": options.model,
        "max_usd": options.max_usd,
        "max_minutes": options.max_minutes,
        "max_requests": options.max_requests,
    }
    return {name: value for name, value in given.items() if value is not None}


def _first[T: (float, int, Decimal)](*values: T | None) -> T | None:
    return next((value for value in values if value is not None), None)
