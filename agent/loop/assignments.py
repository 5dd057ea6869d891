"""Groups what is open into assignments: what must be changed together is given together. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator, Sequence

from agent.journal.events import Assignment, OpenHole
from agent.receipts import Receipt, Verdict
from agent.rulebook.model import Gate

_WHOLE = frozenset({"files", "service"})
_SAID_OTHERWISE = frozenset({"CON-PARITY", "API-STATUS"})
"""Rules that an operation breaks when it is not there, or not as the contract has it; other rules are about how well it
does what it does, or fail as an echo of one that is not there."""


def assignments(
    verdict: Verdict | None,
    holes: Sequence[OpenHole],
    given_up: Container[str] = frozenset(),
    inherited: Container[str] = frozenset(),
) -> tuple[Assignment, ...]:
    """What to give to the developer, in order, without what was given up (titles), which holds up nothing else, and
    without what is no part of the task (`inherited`, ids of obligations).

    Holes come first, one file an assignment, each with the failures of its own operations: as long as a function is
    missing, other failures are mostly its echo. Then the failures of single operations and tables, one subject an
    assignment, and when none is left, the failures of the service and its files, as one. Where all operations fail for
    one cause (nothing is written yet, the service does not start), everything is one assignment. Before the first
    verdict there are holes alone.
    """
    failed = tuple(one for one in (verdict.failed if verdict else ()) if one.obligation.id not in inherited)
    for stage in _stages(failed, holes):
        left = tuple(one for one in stage if one.title not in given_up)
        if left:
            return left
    return ()


def inherited(verdict: Verdict) -> frozenset[str]:
    """Ids of the obligations that fail in a service before anybody worked on it, and that its task is not about.

    The task is about the operations that do not answer as its contract says, and about its schema. What else fails, of
    the files, of the service as a whole, and of operations that do, is a property of what was handed over.
    """
    about = {one.subject for one in verdict.failed if one.rule in _SAID_OTHERWISE}
    return frozenset(
        one.obligation.id
        for one in verdict.failed
        if one.gate is not Gate.DELIVERY
        and (
            (one.subject in _WHOLE and one.gate not in (Gate.CONTRACT, Gate.DATABASE))
            or (one.subject not in _WHOLE and one.subject not in about)
        )
    )


def every_assignment(verdict: Verdict, holes: Sequence[OpenHole]) -> tuple[Assignment, ...]:
    """All that is open, whatever comes first."""
    return tuple(one for stage in _stages(verdict.failed, holes) for one in stage)


def what_is_open(assignment: Assignment) -> frozenset[str]:
    """Names of its holes, of which other failures are an echo; ids of its obligations where it has none."""
    return frozenset(hole.name for hole in assignment.holes) or frozenset(assignment.obligations)


def _stages(failures: Sequence[Receipt], holes: Sequence[OpenHole]) -> Iterator[tuple[Assignment, ...]]:
    """What is worked on first, and what after it."""
    yield _by_file(failures, holes)
    unwritten = {hole.operation for hole in holes}
    # What the delivery owes follows from everything else: there is nothing to work on but that.
    failed = tuple(receipt for receipt in failures if receipt.gate is not Gate.DELIVERY)
    whole = tuple(receipt for receipt in failed if receipt.subject in _WHOLE)
    single = tuple(one for one in failed if one.subject not in _WHOLE and one.subject not in unwritten)
    if whole and _one_cause(single):
        yield (_whole(whole + single),)
        return
    yield _by_subject(single)
    if whole:
        yield (_whole(whole),)


def _one_cause(failures: Sequence[Receipt]) -> bool:
    """True when one rule fails for every operation that fails, several of them, and says the same thing of each."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for receipt in failures:
        if _is_operation(receipt.subject):
            found[receipt.rule][receipt.subject] = receipt.found
    operations = {subject for subjects in found.values() for subject in subjects}
    return len(operations) > 1 and any(
        subjects.keys() == operations and len(set(subjects.values())) == 1 for subjects in found.values()
    )


def _is_operation(subject: str) -> bool:
    return " " in subject


def _whole(failed: Sequence[Receipt]) -> Assignment:
    return Assignment(title="the whole service", obligations=_ids(failed))


def _by_file(failures: Sequence[Receipt], holes: Sequence[OpenHole]) -> tuple[Assignment, ...]:
    files: defaultdict[str, list[OpenHole]] = defaultdict(list)
    for hole in holes:
        files[hole.file].append(hole)
    return tuple(
        Assignment(title=file, holes=tuple(members), obligations=_ids(_failures_of(failures, members)))
        for file, members in files.items()
    )


def _failures_of(failures: Sequence[Receipt], holes: Sequence[OpenHole]) -> tuple[Receipt, ...]:
    operations = {hole.operation for hole in holes}
    return tuple(receipt for receipt in failures if receipt.subject in operations)


def _by_subject(failed: Sequence[Receipt]) -> tuple[Assignment, ...]:
    subjects: defaultdict[str, list[Receipt]] = defaultdict(list)
    for receipt in failed:
        subjects[receipt.subject].append(receipt)
    return tuple(Assignment(title=subject, obligations=_ids(members)) for subject, members in subjects.items())


def _ids(receipts: Sequence[Receipt]) -> tuple[str, ...]:
    return tuple(receipt.obligation.id for receipt in receipts)
