"""How far the blueprint gets on documents from the wild: for each pair what loads, what is derived, what starts.

    uv run python -m evals.bench.blueprint FOLDER [--cross] [--checklist]

A pair is a document and a schema of the same name, or `openapi.*` beside `schema.sql`; for a document that has no
partner a schema is proposed. `--cross` puts every document together with every schema, which fit each other by chance
only: it looks for generated code that is broken. With `--checklist` the whole checklist judges each service; what the
operations owe that were derived is counted and listed, for the others nobody wrote anything yet.
Prints Markdown tables, then every failure in full. Exit code 1 when anything did not load, generate or start.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence, Set
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from agent.binding.deriving import bind
from agent.catalog.loading import load_catalog, load_catalog_from_text
from agent.catalog.model import Catalog
from agent.checklist.booted import Bench
from agent.checklist.case import Case
from agent.checklist.checklist import settle
from agent.checklist.databases import NotMigrated
from agent.checklist.running import NotRunning
from agent.contract.loading import load_contract
from agent.contract.model import Contract
from agent.errors import InputError
from agent.places import cache_folder
from agent.proposal.writing import proposed_schema
from agent.receipts import Outcome, Receipt
from agent.rulebook.loading import load_rulebook
from agent.stacks.base import ToolReport
from agent.stacks.registry import stack_named
from agent.workspace.opening import create_workspace
from agent.workspace.toolchain import build_toolchain
from evals.bench.stages import machine
from tools.postgres.server import PostgresServer, postgres_server

_STACK = stack_named("python-fastapi")
_SHOWN = 1_500
_COLUMNS = ("loads", "generates", "lint", "types", "starts")
_JUDGED = ("obligations met", "failed", "unchecked", "operations without a failed check", "ever answered 5xx")
_BROKE = re.compile(r"\b(?:answers|answered|got|→) 5\d\d\b")
"""How a receipt says that the service broke."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What one service is made from; for a document alone a schema is proposed, a schema alone is only loaded."""

    document: Path | None
    schema: Path | None

    @property
    def name(self) -> str:
        """`petstore.yaml + chinook.sql`."""
        return " + ".join(_shown(path) for path in (self.document, self.schema) if path)


@dataclass(slots=True)
class Row:
    """What came of a pair."""

    pair: Pair
    operations: int = 0
    derived: Set[str] = frozenset()
    """Keys of the operations that nobody has to write any more."""
    settled: dict[str, bool] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    receipts: tuple[Receipt, ...] = ()
    """Of the operations that were derived; empty without the checklist."""

    def note(self, step: str, began: float, problem: str = "") -> None:
        """A step is over."""
        self.seconds[step] = time.monotonic() - began
        self.settled[step] = not problem
        if problem:
            self.problems.append(f"{step}: {problem}")

    def line(self) -> str:
        """Its line of the table."""
        cells = " | ".join(_cell(self, step) for step in _COLUMNS)
        derived, holes = len(self.derived), self.operations - len(self.derived)
        return f"| {self.pair.name} | {self.operations} | {derived} | {holes} | {cells} |"

    def judged(self) -> str:
        """What the checklist found of the operations that were derived, as a line of the second table."""
        counts = Counter(one.outcome for one in self.receipts)
        failed = {one.subject for one in self.receipts if one.outcome is Outcome.FAILED}
        broke = {one.subject for one in self.receipts if _BROKE.search(one.found)}
        clean = f"{len(self.derived - failed)} of {len(self.derived)}"
        outcomes = " | ".join(str(counts[one]) for one in (Outcome.MET, Outcome.FAILED, Outcome.UNCHECKED))
        return f"| {self.pair.name} | {outcomes} | {clean} | {len(broke)} |"


def pairs_in(folder: Path, *, cross: bool) -> list[Pair]:
    """Every document with its schema, then what has no partner."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    schemas = [path for path in files if path.suffix == ".sql"]
    documents = [path for path in files if path.suffix in {".json", ".yaml", ".yml"} and _is_document(path)]
    if cross:
        return [Pair(document, schema) for document in documents for schema in schemas]
    partners = {document: next((one for one in schemas if _belong(document, one)), None) for document in documents}
    alone = [Pair(None, schema) for schema in schemas if schema not in partners.values()]
    return [Pair(document, schema) for document, schema in partners.items()] + alone


def _belong(document: Path, schema: Path) -> bool:
    beside = document.parent == schema.parent and (document.stem, schema.stem) == ("openapi", "schema")
    return beside or document.stem == schema.stem


def _is_document(path: Path) -> bool:
    head = path.read_bytes()[:2_000]
    return b"openapi" in head


@dataclass(frozen=True, slots=True)
class _Place:
    """What all pairs share."""

    server: PostgresServer
    toolchain: Path
    checklist: bool


async def measured(pair: Pair, place: _Place) -> Row:
    """One pair, as far as it gets."""
    row, began = Row(pair), time.monotonic()
    try:
        contract = load_contract(pair.document) if pair.document else None
        catalog = _catalog(pair, contract, place.server)
    except InputError as error:
        row.note("loads", began, str(error)[:_SHOWN])
        return row
    row.note("loads", began)
    row.operations = len(contract.operations) if contract else 0
    if contract is None:
        return row
    began, binding = time.monotonic(), bind(contract, catalog)
    scaffold = _STACK.scaffold(contract, catalog, binding, contract.title)
    row.derived = {one.key for one in contract.operations} - {hole.operation for hole in scaffold.holes}
    row.note("generates", began)
    with ExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="agent-bench-")))
        workspace = create_workspace(
            folder=state / "service",
            repository=None,
            base=None,
            slug="bench",
            toolchain=place.toolchain,
            sandbox="auto",
            state=state / "state",
        )
        workspace.write(scaffold.files)
        case = Case(workspace, _STACK, contract, catalog, binding, load_rulebook(), place.server)
        await _judge(case, row, place)
    return row


def _catalog(pair: Pair, contract: Contract | None, server: PostgresServer) -> Catalog:
    if pair.schema is not None:
        return load_catalog(server, [pair.schema])
    assert contract is not None, pair
    return load_catalog_from_text(server, proposed_schema(contract), "schema.sql")


async def _judge(case: Case, row: Row, place: _Place) -> None:
    await _static(row, "lint", lambda: _STACK.lint(case.workspace))
    await _static(row, "types", lambda: _STACK.check_types(case.workspace))
    began, bench = time.monotonic(), Bench(case)
    try:
        async with bench.turn() as booted:
            reply = await booted.service.ask("GET", "/health/ready")
        row.note("starts", began, "" if reply.status == 200 else f"readiness answers {reply.status}")
    except (NotMigrated, NotRunning) as error:
        row.note("starts", began, str(error)[-_SHOWN:])
    finally:
        await bench.close()
    if place.checklist and row.settled["starts"]:
        await _whole(case, row)


async def _static(row: Row, step: str, look: Callable[[], Awaitable[ToolReport]]) -> None:
    began = time.monotonic()
    report = await look()
    found = [report.crashed] if report.crashed else [str(finding) for finding in report.findings]
    row.note(step, began, "\n  ".join(found)[:_SHOWN])


async def _whole(case: Case, row: Row) -> None:
    found = await settle(case)
    row.receipts = tuple(receipt for receipt in found.receipts if receipt.subject in row.derived)
    for receipt in found.receipts:
        if receipt.outcome is Outcome.FAILED and (receipt.subject in row.derived or " " not in receipt.subject):
            row.problems.append(f"{receipt.rule}:{receipt.subject}: {receipt.found[:_SHOWN]}")


def _cell(row: Row, step: str) -> str:
    if step not in row.settled:
        return ""
    return f"{'yes' if row.settled[step] else '**no**'} {row.seconds[step]:.1f} s"


def _shown(path: Path) -> str:
    return f"{path.parent.name}/{path.name}" if path.stem in {"openapi", "schema"} else path.name


async def _rows(pairs: Sequence[Pair], checklist: bool) -> list[Row]:
    toolchain = build_toolchain(_STACK.toolchain_lock(), cache_folder() / "toolchains", progress=print)
    with postgres_server(cache=cache_folder() / "postgres") as server:
        rows: list[Row] = []
        for pair in pairs:
            rows.append(await measured(pair, _Place(server, toolchain, checklist)))
            print(rows[-1].line(), flush=True)
        return rows


def report(rows: Sequence[Row]) -> Iterator[str]:
    """What the checklist found, the sum, and every failure."""
    judged = [row for row in rows if row.receipts]
    if judged:
        yield f"| derived operations of | {' | '.join(_JUDGED)} |\n|---|{'---:|' * len(_JUDGED)}"
        yield from (row.judged() for row in judged)
        yield ""
    begun = [row for row in rows if row.pair.document]
    operations, derived = sum(row.operations for row in begun), sum(len(row.derived) for row in begun)
    for step in _COLUMNS:
        asked = [row for row in rows if step in row.settled]
        yield f"{step}: {sum(row.settled[step] for row in asked)} of {len(asked)}"
    yield f"operations derived: {derived} of {operations}"
    for row in rows:
        yield from (f"\n### {row.pair.name}\n{problem}" for problem in row.problems)


def main() -> None:
    """Measure every pair in a folder, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cross", action="store_true", help="every document with every schema")
    parser.add_argument("--checklist", action="store_true", help="judge each service by the whole checklist")
    parser.add_argument("--only", default="", help="pairs whose name contains this")
    parser.add_argument("--json", type=Path, help="write the figures into this file, too")
    options = parser.parse_args()
    pairs = [pair for pair in pairs_in(options.folder, cross=options.cross) if options.only in pair.name]
    print(machine())
    print(f"\n| pair | operations | derived | holes | {' | '.join(_COLUMNS)} |")
    print(f"|---|---:|---:|---:|{'---|' * len(_COLUMNS)}")
    rows = asyncio.run(_rows(pairs, options.checklist))
    print("", *report(rows), sep="\n")
    if options.json:
        figures = [{"pair": row.pair.name, "settled": row.settled, "seconds": row.seconds} for row in rows]
        options.json.write_text(json.dumps(figures, indent=2), encoding="utf-8")
    raise SystemExit(not all(all(row.settled.values()) for row in rows))


if __name__ == "__main__":
    main()
