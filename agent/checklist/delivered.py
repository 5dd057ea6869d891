"""What the run itself owes: the inputs it was given, and what follows from everything that the other checks found.

Nothing is judged twice here and nothing is taken on trust: each outcome is computed from receipts and measures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence

from agent.checklist.case import Case, Found, Owing
from agent.checklist.pasting import asked_again, shown
from agent.receipts import Measures, Outcome, Receipt
from agent.rulebook.model import Gate

RULES: Mapping[str, str] = {
    "INP-TASK": "delivery: the task as it was loaded",
    "INP-API": "delivery: the contract as it was loaded: operations, and the hash of the document",
    "INP-SCHEMA": "delivery: the catalog as PostgreSQL reports it after the supplied statements, and its hash",
    "OUT-CODE": "delivery: follows from the gates lint and types, and from functions that nobody has written",
    "OUT-API": "delivery: follows from CON-DEFINED, CON-PARITY, CON-RUNTIME, VAL-EDGE and VAL-DETAIL",
    "OUT-MIGRATIONS": "delivery: follows from MIG-TOOL, MIG-VCS and MIG-ROLLBACK",
    "OUT-TESTS": "delivery: follows from TST-INTEG, TST-COVER and TST-DB",
    "OUT-SUMMARY": "delivery: every number of the closing sentence was measured",
    "COL-QA": "delivery: the handoff to the qa-agent: what the tests did with every operation, and what none reaches",
}

_ENDPOINTS = frozenset({"CON-DEFINED", "CON-PARITY", "CON-RUNTIME", "VAL-EDGE", "VAL-DETAIL"})
_MIGRATIONS = frozenset({"MIG-TOOL", "MIG-VCS", "MIG-ROLLBACK"})
_TESTS = frozenset({"TST-INTEG", "TST-COVER", "TST-DB"})
_NAMED = 6


def settle(case: Case, owing: Owing, found: Found) -> Found:
    """Settle what follows from what all checks together found."""
    return Found((*_inputs(case, owing), *_outputs(case, owing, found.receipts), *_told(case, owing, found.measures)))


def _inputs(case: Case, owing: Owing) -> Iterator[Receipt]:
    contract, catalog = case.contract, case.catalog
    schema = hashlib.sha256(catalog.fingerprint.encode(errors="surrogatepass")).hexdigest()
    if case.task:
        yield from owing.judge("INP-TASK", [], ran="read the task", found=case.task, reproduce="")
    else:
        yield from owing.leave("INP-TASK", "not applicable: a folder is judged, and no task was given")
    yield from owing.judge(
        "INP-API",
        [] if contract.operations else ["the document has no operation"],
        ran="read the OpenAPI document",
        found=f"{contract.title} {contract.version}: {len(contract.operations)} operations, sha256 {contract.digest}",
        reproduce='openapi-spec-validator "$API"',
    )
    yield from owing.judge(
        "INP-SCHEMA",
        [] if catalog.tables else ["the schema makes no table"],
        ran="run the schema in an empty database, and read its catalog",
        found=f"{len(catalog.tables)} tables by {len(catalog.statements)} statements, sha256 {schema}",
        reproduce='psql -f "$SCHEMA"',
    )


def _outputs(case: Case, owing: Owing, receipts: Sequence[Receipt]) -> Iterator[Receipt]:
    code = {one.rule for one in receipts if one.gate in (Gate.LINT, Gate.TYPES)}
    holes = case.stack.open_holes(case.workspace.read())
    unwritten = [f"{hole.operation} is not written: {hole.file}:{hole.line}" for hole in holes]
    yield from follows(owing, "OUT-CODE", code, receipts, unwritten)
    yield from follows(owing, "OUT-API", _ENDPOINTS, receipts)
    yield from follows(owing, "OUT-MIGRATIONS", _MIGRATIONS, receipts)
    yield from follows(owing, "OUT-TESTS", _TESTS, receipts)


def follows(
    owing: Owing, rule: str, parts: Collection[str], receipts: Sequence[Receipt], problems: Sequence[str] = ()
) -> tuple[Receipt, ...]:
    """A rule that is made of others: failed when one of them is, met when each was seen to hold, else unchecked."""
    mine = [one for one in receipts if one.rule in parts]
    failed = [one for one in mine if one.outcome is Outcome.FAILED]
    ran = f"the receipts of {', '.join(sorted(parts))}"
    if failed or problems:
        more = len(failed) - _NAMED
        places = [place for one in failed for place in one.places]
        told = [*problems, *(f"{one.obligation.id} is not met" for one in failed[:_NAMED])]
        return owing.judge(
            rule,
            [*told, *([f"and {more} more are not met"] if more > 0 else [])],
            ran=ran,
            reproduce=next((one.reproduce for one in failed if one.reproduce), "") or shown(places, ""),
            places=places,
        )
    held = {one.rule for one in mine if one.outcome in (Outcome.MET, Outcome.INPUT)}
    open_ones = sorted(one for one in parts if owing.subjects(one) and one not in held)
    if open_ones or not held:
        return owing.leave(rule, f"not settled: {', '.join(open_ones) or ', '.join(sorted(parts))}", ran=ran)
    return owing.judge(rule, [], ran=ran, found=f"{len(mine)} receipts, none of them failed", reproduce="")


def _told(case: Case, owing: Owing, measures: Measures) -> Iterator[Receipt]:
    yield from owing.judge(
        "OUT-SUMMARY",
        [f"{one} was not measured" for one in measures.unmeasured],
        ran="the numbers of the closing sentence",
        found=f"{measures.endpoints} endpoints, {measures.coverage_percent} % covered, p95 {measures.p95_ms} ms",
        reproduce=asked_again(),
    )
    known = {one.operation for one in measures.tested}
    missing = [one.key for one in case.contract.operations if one.key not in known]
    reached = [one for one in measures.tested if one.requests]
    refusals = sum(len(one.unprovoked) for one in measures.tested)
    lines = sum(len(one.lines) for one in measures.uncovered)
    yield from owing.judge(
        "COL-QA",
        [f"what the tests do with {one} is not known" for one in missing],
        ran="what the tests did, by operation",
        found=f"{len(reached)} of {len(measures.tested)} operations are reached by tests; {refusals} declared refusals "
        f"and {lines} lines are not",
        reproduce=asked_again("tests"),
    )
