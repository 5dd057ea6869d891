"""Groups what is open into assignments: what must be changed together is given together. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from agent.journal.events import Assignment, OpenHole
from agent.receipts import Receipt, Verdict

_WHOLE = frozenset({"files", "service"})


def assignments(verdict: Verdict, holes: Sequence[OpenHole]) -> tuple[Assignment, ...]:
    """What to give to the developer, in order.

    Holes come first, one file an assignment, each with the failures of its own operations: as long as a function is
    missing, other failures are mostly its echo. Then the failures of single operations and tables, one subject an
    assignment, unless they all say the same thing (a service that does not start fails every operation): then, and
    when none is left, the failures of the service and its files, as one.
    """
    if holes:
        return _by_file(verdict, holes)
    whole = tuple(receipt for receipt in verdict.failed if receipt.subject in _WHOLE)
    single = tuple(receipt for receipt in verdict.failed if receipt.subject not in _WHOLE)
    if single and not (whole and _one_cause(single)):
        return _by_subject(single)
    return (Assignment(title="the whole service", obligations=_ids(whole)),) if whole else ()


def _one_cause(failures: Sequence[Receipt]) -> bool:
    return len({receipt.subject for receipt in failures}) > 1 and len({receipt.found for receipt in failures}) == 1


def _by_file(verdict: Verdict, holes: Sequence[OpenHole]) -> tuple[Assignment, ...]:
    files: defaultdict[str, list[OpenHole]] = defaultdict(list)
    for hole in holes:
        files[hole.file].append(hole)
    return tuple(
        Assignment(title=file, holes=tuple(members), obligations=_ids(_failures_of(verdict, members)))
        for file, members in files.items()
    )


def _failures_of(verdict: Verdict, holes: Sequence[OpenHole]) -> tuple[Receipt, ...]:
    operations = {hole.operation for hole in holes}
    return tuple(receipt for receipt in verdict.failed if receipt.subject in operations)


def _by_subject(failed: Sequence[Receipt]) -> tuple[Assignment, ...]:
    subjects: defaultdict[str, list[Receipt]] = defaultdict(list)
    for receipt in failed:
        subjects[receipt.subject].append(receipt)
    return tuple(Assignment(title=subject, obligations=_ids(members)) for subject, members in subjects.items())


def _ids(receipts: Sequence[Receipt]) -> tuple[str, ...]:
    return tuple(receipt.obligation.id for receipt in receipts)
