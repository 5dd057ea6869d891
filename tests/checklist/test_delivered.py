"""What follows from other receipts: failed with one of them, met with all, unchecked where one was not settled."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agent.checklist import delivered, lint, migrations, types
from agent.checklist.booted import Bench
from agent.checklist.case import Case, Found, Owing, joined
from agent.checklist.probe.accounts import NO_WAY
from agent.obligations import Obligation
from agent.receipts import Measures, Outcome, Receipt, TestedOperation
from agent.rulebook.model import Gate
from tests.checklist.conftest import CaseOf

TESTS = ("TST-INTEG", "TST-COVER", "TST-DB")
OWING = Owing(
    tree="4b825dc6",
    obligations=tuple(Obligation(rule, "files") for rule in (*TESTS, "OUT-TESTS")),
    gates=dict.fromkeys(TESTS, Gate.TESTS) | {"OUT-TESTS": Gate.DELIVERY},
    subjects_of=dict.fromkeys((*TESTS, "OUT-TESTS"), ("files",)),
)
MEASURED = Measures(
    endpoints=1,
    coverage_percent=90.0,
    p95_ms=3.0,
    tested=(TestedOperation(operation="GET /notes", requests=0, answered=(), unprovoked=(401,)),),
)


def settled(rule: str, outcome: Outcome, reproduce: str = "") -> Receipt:
    gate = Gate.TESTS
    return Receipt(rule=rule, subject="files", gate=gate, outcome=outcome, reproduce=reproduce, tree="4b825dc6")


def test_what_the_judge_knows_no_way_to_ask_is_left_unchecked() -> None:
    told = f"it could not be asked: {NO_WAY}: nobody can register"
    (receipt,) = OWING.judge("TST-DB", [told], reproduce="")
    assert (receipt.outcome, receipt.found) == (Outcome.UNCHECKED, told)
    assert OWING.judge("TST-DB", [told, "it lies"], reproduce="")[0].outcome is Outcome.FAILED
    assert OWING.cannot(["TST-DB"], told, reproduce="").receipts[0].outcome is Outcome.UNCHECKED


def follows(*receipts: Receipt) -> Receipt:
    (receipt,) = delivered.follows(OWING, "OUT-TESTS", TESTS, receipts)
    return receipt


def test_it_is_met_when_every_part_was_seen_to_hold() -> None:
    receipt = follows(*(settled(rule, Outcome.MET) for rule in TESTS))
    assert (receipt.outcome, receipt.found) == (Outcome.MET, "3 receipts, none of them failed")


def test_one_failure_fails_it_and_is_named_with_the_way_to_see_it() -> None:
    receipt = follows(
        settled("TST-INTEG", Outcome.MET),
        settled("TST-COVER", Outcome.FAILED, reproduce="pytest"),
        settled("TST-DB", Outcome.MET),
    )
    assert receipt.outcome is Outcome.FAILED
    assert (receipt.found, receipt.reproduce) == ("TST-COVER:files is not met", "pytest")


def test_it_stays_open_as_long_as_one_part_is() -> None:
    receipt = follows(settled("TST-INTEG", Outcome.MET), settled("TST-COVER", Outcome.MET))
    assert (receipt.outcome, receipt.found) == (Outcome.UNCHECKED, "not settled: TST-DB")
    assert follows().outcome is Outcome.UNCHECKED


@given(some.lists(some.builds(settled, some.sampled_from(TESTS), some.sampled_from(Outcome)), max_size=8))
def test_it_is_never_met_unless_every_part_is(receipts: list[Receipt]) -> None:
    found = {one.rule for one in receipts if one.outcome in (Outcome.MET, Outcome.INPUT)}
    failed = any(one.outcome is Outcome.FAILED for one in receipts)
    assert (follows(*receipts).outcome is Outcome.MET) == (not failed and found == set(TESTS))
    assert (follows(*receipts).outcome is Outcome.FAILED) == failed


def of(found: Found) -> dict[str, Receipt]:
    return {receipt.rule: receipt for receipt in found.receipts}


def test_what_went_in_is_told_with_its_hash(good: Case) -> None:
    found = of(delivered.settle(good, Owing.of(good), Found(())))
    assert found["INP-TASK"].found == "Keep notes"
    assert good.contract.digest in found["INP-API"].found
    schema = hashlib.sha256(good.catalog.fingerprint.encode()).hexdigest()
    assert found["INP-SCHEMA"].found.endswith(f"statements, sha256 {schema}")
    judged = of(delivered.settle(replace(good, task=""), Owing.of(good), Found(())))
    assert judged["INP-TASK"].outcome is Outcome.UNCHECKED


def test_a_number_that_was_not_measured_fails_the_summary(good: Case) -> None:
    found = of(delivered.settle(good, Owing.of(good), Found((), MEASURED)))
    assert found["OUT-SUMMARY"].found == "1 endpoints, 90.0 % covered, p95 3.0 ms"
    found = of(delivered.settle(good, Owing.of(good), Found((), MEASURED.model_copy(update={"p95_ms": None}))))
    assert (found["OUT-SUMMARY"].outcome, found["OUT-SUMMARY"].found) == (
        Outcome.FAILED,
        "the response time was not measured",
    )


def test_qa_is_told_of_every_operation_or_of_what_is_not_known(good: Case) -> None:
    found = of(delivered.settle(good, Owing.of(good), Found((), MEASURED)))["COL-QA"]
    assert found.outcome is Outcome.FAILED
    assert "what the tests do with POST /notes is not known" in found.found
    tested = tuple(
        TestedOperation(operation=one.key, requests=number, answered=(200,), unprovoked=(404,))
        for number, one in enumerate(good.contract.operations)
    )
    measures = MEASURED.model_copy(update={"tested": tested})
    found = of(delivered.settle(good, Owing.of(good), Found((), measures)))["COL-QA"]
    assert found.outcome is Outcome.MET
    count = len(tested)
    assert found.found.startswith(f"{count - 1} of {count} operations are reached by tests; {count} declared refusals")


@pytest.mark.parametrize(
    ("rule", "file", "old", "new"),
    [
        (
            "OUT-CODE",
            "src/services/notes.py",
            "from uuid import UUID\n",
            "from uuid import UUID\n\nLOOSE: int = 'text'\n",
        ),
        (
            "OUT-MIGRATIONS",
            "migrations/versions/0001_notes.py",
            "def downgrade() -> None:\n",
            "def downgrade() -> None:\n    return\n",
        ),
    ],
)
async def test_a_defect_in_the_code_reaches_what_is_handed_over(
    case_of: CaseOf, good: Case, rule: str, file: str, old: str, new: str
) -> None:
    source = good.workspace.read()[file]
    assert old in source
    case = case_of({file: source.replace(old, new, 1)})
    owing, bench = Owing.of(case), Bench(case)
    try:
        parts = [await lint.settle(case, owing), await types.settle(case, owing)]
        parts.append(await migrations.settle(case, owing, bench))
    finally:
        await bench.close()
    found = of(delivered.settle(case, owing, joined(parts)))
    outcomes = {name: found[name].outcome for name in ("OUT-CODE", "OUT-MIGRATIONS")}
    others = {"OUT-CODE", "OUT-MIGRATIONS"} - {rule}
    assert outcomes[rule] is Outcome.FAILED, found[rule]
    assert rule == "OUT-MIGRATIONS" or all(outcomes[one] is Outcome.MET for one in others)
