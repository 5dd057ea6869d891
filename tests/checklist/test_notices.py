"""Every defect is noticed by its own obligations, and by no other of the gate.

Every day there is one defect for each rule, and those of a gate that takes long are put into one service together,
which costs one look and shows besides that they do not hide each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import pytest

from agent.checklist import validation
from agent.checklist.booted import Bench
from agent.checklist.case import Case, Found, Owing, joined
from agent.checklist.check import Check
from agent.checklist.checklist import CHECKS, checks_for
from agent.checklist.effort import Effort
from agent.checklist.observing import settling
from agent.receipts import Outcome, Receipt
from evals.defects.collection import Defect, all_defects
from tests.checklist.conftest import GOOD, CaseOf
from tools.postgres.server import Database

TOGETHER = 5
"""Defects that are in the service at the same time."""
JOINED = {"headers", "limits", "observability", "tests", "validation"}
"""Gates that take long to settle, however many defects there are."""
APART = {"STK-PG"}
"""Rules whose defect takes a long look for itself, because it would hide all others: asked with `--every-defect`."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """What is wrong at the same time."""

    defects: tuple[Defect, ...]

    @property
    def name(self) -> str:
        """`notes/observability/slow-statement+statements-without-spans`."""
        return "+".join([self.defects[0].name, *(one.name.rpartition("/")[2] for one in self.defects[1:])])

    @property
    def rules(self) -> frozenset[str]:
        """The rules that have to notice it."""
        return frozenset[str]().union(*(one.rules for one in self.defects))

    @property
    def noticed(self) -> frozenset[str]:
        """The obligations that have to fail."""
        return frozenset[str]().union(*(one.noticed for one in self.defects))

    @property
    def paths(self) -> frozenset[str]:
        """The files that it changes."""
        return frozenset(patch.old or patch.new or "" for one in self.defects for patch in one.patches)

    def files(self) -> dict[str, str | None]:
        """Path → content, as it is with all of them."""
        return {path: text for one in self.defects for path, text in one.files(GOOD).items()}


async def ask(seeded: Seeded, case: Case, bench: Bench) -> Found:
    """What the checks find that settle the rules of what is seeded."""
    owing, names = Owing.of(case), checks_for(seeded.rules)
    return joined([await _ask(check, seeded, case, owing, bench) for check in CHECKS if check.name in names])


async def _ask(check: Check, seeded: Seeded, case: Case, owing: Owing, bench: Bench) -> Found:
    """Fuzzing takes time, and is left out where it is not needed; readiness is not waited for as long."""
    if check.settle is validation.settle and "CON-RUNTIME" not in seeded.rules:
        return await validation.settle(replace(case, effort=Effort(fuzz_seconds=0)), owing, bench)
    if check.settle is settling.settle:
        return await settling.settle(case, owing, bench, turn=3.0)
    return await check.settle(case, owing, bench)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """With `--every-defect` all of them, each alone, which takes many times as long."""
    if "seeded" in metafunc.fixturenames:
        defects = [defect for defect in all_defects() if defect.service == "notes"]
        every = metafunc.config.getoption("--every-defect")
        chosen = [Seeded((one,)) for one in defects] if every else _together(_telling(defects))
        metafunc.parametrize("seeded", chosen, ids=lambda seeded: seeded.name)


def _telling(defects: Iterable[Defect]) -> Iterator[Defect]:
    """Those that are noticed by a rule that none before was noticed by."""
    seen = set(APART)
    for defect in defects:
        if defect.rules - seen:
            yield defect
        seen |= defect.rules


def _together(defects: Iterable[Defect]) -> list[Seeded]:
    """Those of the gates that take long, a few at a time; every other one alone."""
    found: list[Seeded] = []
    for defect in defects:
        fitting = (at for at, others in enumerate(found) if _fits(Seeded((defect,)), others))
        at = next(fitting, None)
        if at is None:
            found.append(Seeded((defect,)))
        else:
            found[at] = Seeded((*found[at].defects, defect))
    return found


def _fits(one: Seeded, others: Seeded) -> bool:
    gates = {defect.name.split("/")[1] for defect in (*one.defects, *others.defects)}
    apart = one.paths.isdisjoint(others.paths) and one.noticed.isdisjoint(others.noticed)
    return apart and len(gates) == 1 and gates <= JOINED and len(others.defects) < TOGETHER


async def test_a_defect_is_noticed(seeded: Seeded, case_of: CaseOf, migrated: Database) -> None:
    case = case_of(seeded.files())
    bench = Bench(case, ready=None if any(path.startswith("migrations/") for path in seeded.paths) else migrated)
    try:
        found = await ask(seeded, case, bench)
    finally:
        await bench.close()
    failed = {receipt.obligation.id: receipt for receipt in found.receipts if receipt.outcome is Outcome.FAILED}
    assert failed.keys() == seeded.noticed, "\n".join(map(told, failed.values()))
    assert all(receipt.found and receipt.reproduce for receipt in failed.values()), list(map(told, failed.values()))


def told(receipt: Receipt) -> str:
    return f"{receipt.obligation.id}: {receipt.ran}\n  {receipt.found}\n  {receipt.reproduce}"
