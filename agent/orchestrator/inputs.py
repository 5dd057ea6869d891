"""Reads what a run or a verification is given, and starts the server that its checks need."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.binding.corrections import Corrections
from agent.binding.deriving import bind
from agent.binding.model import Binding
from agent.binding.narrowing import narrowed
from agent.catalog.live import load_catalog_from_dsn
from agent.catalog.loading import load_catalog, load_catalog_from_text
from agent.catalog.model import Catalog
from agent.checklist.case import Case
from agent.checklist.effort import Effort
from agent.contract.loading import load_contract
from agent.contract.model import Contract
from agent.errors import MissingDependency
from agent.orchestrator.correcting import check_plan
from agent.orchestrator.options import Listener, Note
from agent.places import cache_folder
from agent.proposal.writing import proposed_schema
from agent.rulebook.loading import load_rulebook
from agent.rulebook.model import Rulebook, StackName
from agent.stacks.base import Stack
from agent.stacks.registry import stack_named
from agent.workspace.model import Workspace
from tools.errors import ServerUnavailable
from tools.postgres.server import PostgresServer, postgres_server

Schema = Sequence[Path] | str
"""SQL files in order, or the address of a database that is only read; no files: one is proposed."""
PROPOSED = "schema.sql"
"""Where a proposed schema stands in the worktree."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that is known before there is a workspace."""

    contract: Contract
    catalog: Catalog
    binding: Binding
    rulebook: Rulebook
    stack: Stack
    server: PostgresServer
    corrections: Corrections = Corrections()
    """What a person said about the binding."""
    proposal: str = ""
    """The schema as it was proposed, empty when one was given."""

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What was assumed about what was given, for the delivery."""
        proposed = (
            f"No schema was given: {PROPOSED} is a proposal, read from the contract; look at it before data is kept."
        )
        return (*self.contract.notes, *self.catalog.notes, *((proposed,) if self.proposal else ()))

    @property
    def reservations(self) -> tuple[str, ...]:
        """The same, and what a service that the blueprint writes will not keep, for a run's delivery."""
        told = (*self.stack.unkept(self.contract), *narrowed(self.binding))
        return (
            *self.assumptions,
            *(f"The contract says, and the written service does not keep: {one}" for one in told),
        )

    def case(self, workspace: Workspace, effort: Effort, task: str = "") -> Case:
        """This, with the backend in that workspace, before the checklist; `task`: the title of what was asked for."""
        return Case(
            workspace=workspace,
            stack=self.stack,
            contract=self.contract,
            catalog=self.catalog,
            binding=self.binding,
            rulebook=self.rulebook,
            server=self.server,
            effort=effort,
            task=task,
        )


@contextmanager
def reading(
    api: Path | Mapping[str, Any],
    schema: Schema,
    stack: StackName,
    listener: Listener,
    *,
    strict: bool = False,
    corrections: Corrections = Corrections(),
) -> Iterator[Inputs]:
    """Contract and schema, read and found good, with a PostgreSQL server for as long as the context is open.

    Raises InputError with every problem of the contract, else of the schema, and MissingDependency without a server.
    """
    chosen = stack_named(stack)
    listener(Note("reading the contract", "contract"))
    contract = load_contract(api, cache=cache_folder(), strict=strict)
    with _serving(listener) as server:
        proposal = "" if schema else proposed_schema(contract)
        listener(Note("running the schema" if schema else "no schema was given: proposing one", "catalog"))
        catalog = (
            load_catalog_from_text(server, proposal, PROPOSED) if proposal else _read(server, schema, strict=strict)
        )
        check_plan(corrections, contract, catalog)
        binding = bind(contract, catalog, corrections)
        yield Inputs(contract, catalog, binding, load_rulebook(), chosen, server, corrections, proposal)


def _read(server: PostgresServer, schema: Schema, *, strict: bool) -> Catalog:
    if isinstance(schema, str):
        return load_catalog_from_dsn(server, schema)
    return load_catalog(server, schema, strict=strict)


@contextmanager
def _serving(listener: Listener) -> Iterator[PostgresServer]:
    """`AGENT_POSTGRES_DSN`, installed binaries, or the embedded ones."""
    listener(Note("starting PostgreSQL", "postgres"))
    try:
        with postgres_server(dsn=os.environ.get("AGENT_POSTGRES_DSN"), cache=cache_folder()) as server:
            listener(Note(f"PostgreSQL {server.version_text}", "postgres"))
            yield server
    except ServerUnavailable as error:
        raise MissingDependency(str(error)) from error
