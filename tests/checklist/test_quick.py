"""A quick answer says what fails, or that nothing was found so far; it never says that something holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.checklist.booted import Bench
from agent.checklist.case import Owing
from agent.checklist.checklist import CHECKS
from agent.checklist.inputs import service_key
from agent.checklist.memory import Memory, open_memory
from agent.checklist.quick import ASKED, touched_tests
from agent.checklist.touching import Ran, shapes_of
from agent.receipts import Outcome, Receipt
from tests.checklist.conftest import GOOD, CaseOf

SERVICE = "src/services/notes.py"
TESTS = "tests/test_services.py"
TEXT = (GOOD / SERVICE).read_text()
REMOVING = TEXT.count("\n", 0, TEXT.index("    async def remove")) + 1


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    found = open_memory(tmp_path / "memory", "bubblewrap")
    assert found is not None
    return found


async def answer(case_of: CaseOf, memory: Memory, *, old: str, new: str, seen: bool = True) -> Receipt:
    """What the tests say that ran `remove`, after an edit of the service that they were seen on."""
    ran = {f"{TESTS}::test_nobody_else_reaches_a_note": {SERVICE: (REMOVING,)}, f"{TESTS}::test_an_account": {}}
    if seen:
        good = case_of({})
        memory.keep_ran(service_key(good), Ran(shapes=shapes_of(good.workspace.read()), tests=ran))
    assert TEXT.count(old) == 1
    case = case_of({SERVICE: TEXT.replace(old, new)})
    bench = Bench(case)
    try:
        (receipt,) = (await touched_tests(memory).settle(case, Owing.of(case), bench)).receipts
    finally:
        await bench.close()
    return receipt


LINE = "if not await self._notes.remove(user, note):"


async def test_a_test_that_fails_after_the_edit_fails_the_tests(case_of: CaseOf, memory: Memory) -> None:
    receipt = await answer(case_of, memory, old=LINE, new="if await self._notes.remove(user, note):")
    assert (receipt.outcome, receipt.obligation.id) == (Outcome.FAILED, "TST-COVER:files")
    assert "test_nobody_else_reaches_a_note: failed" in receipt.found
    assert "NoteService.remove" in receipt.ran
    assert receipt.reproduce == f"python -m pytest {TESTS}::test_nobody_else_reaches_a_note"


async def test_tests_that_pass_settle_nothing(case_of: CaseOf, memory: Memory) -> None:
    receipt = await answer(case_of, memory, old=LINE, new=LINE.replace("not await", "False is await"))
    assert receipt.outcome is Outcome.UNCHECKED
    assert receipt.found == "nothing found so far: 1 tests of 2 pass, the others were not asked"


async def test_nothing_is_asked_where_the_tests_were_never_seen(case_of: CaseOf, memory: Memory) -> None:
    receipt = await answer(case_of, memory, old=LINE, new="if False:", seen=False)
    assert receipt.outcome is Outcome.UNCHECKED
    assert "verify it once without --quick" in receipt.found


async def test_nothing_is_asked_where_more_than_bodies_changed(case_of: CaseOf, memory: Memory) -> None:
    receipt = await answer(case_of, memory, old="async def remove", new="async def erase")
    assert receipt.outcome is Outcome.UNCHECKED
    assert receipt.found == (
        f"no test was asked: {SERVICE} changed outside the bodies of functions, which any test may notice"
    )


def test_what_is_asked_whole_are_checks() -> None:
    assert set(ASKED) < {check.name for check in CHECKS}
