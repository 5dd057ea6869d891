"""Whether tests can fail: what became of the mutants, which tests assert nothing, which services are tested alone."""

from __future__ import annotations

import ast
import math
import shlex
from collections.abc import Iterator, Mapping, Sequence

from agent.checklist.assertions import plain_name, silent_tests
from agent.checklist.case import Owing, bounded
from agent.checklist.honesty import dishonest_tests
from agent.checklist.layers import layer
from agent.checklist.mutants.model import Mutant, Tried, of_outcome
from agent.checklist.mutants.planning import functions_of, statements_of
from agent.checklist.names import syntax_trees
from agent.checklist.pasting import shown
from agent.receipts import Receipt
from tools.reports import Change, Changes, TestReport

RULES: Mapping[str, str] = {
    "TST-HONEST": "tests: tests without an assertion that could fail; mutants of handlers, services and repositories",
    "TST-EDGE": "tests: mutants of comparisons, numbers and steps",
    "TST-UNIT": "tests: lines of each service that tests run without a connection or an application",
}

_ENOUGH = 0.9
"""Share of mutants that tests have to notice; docs/design/checklist.md says what good and weak suites do."""
_CHANCE = 0.01
"""A share of a sample fails only when a sample of a good suite would do as badly with less than this probability."""
_FEWEST = 5
_SHOWN = 20
_ALONE = 0.5
"""Share of a service's lines that tests on their own have to run."""


def as_changes(mutants: Sequence[Mutant], seconds: float) -> Changes:
    """What the test run is asked to try."""
    return Changes(
        seconds,
        tuple(
            Change(number, one.file, one.line, one.last_line, one.start, one.end, one.text)
            for number, one in enumerate(mutants)
        ),
    )


def judged(
    owing: Owing, files: Mapping[str, str], mutants: Sequence[Mutant], report: TestReport, seed: int
) -> tuple[Receipt, ...]:
    """The receipts of the three rules, from a run with these mutants to try."""
    tried = [Tried(mutants[one.number], one) for one in report.outcomes if one.number < len(mutants)]
    ran = f"{' '.join(report.command)} (seed {seed})"
    return (
        *_of_mutants(owing, "TST-HONEST", tried, len(mutants), report, ran, dishonest_tests(files)),
        *_of_mutants(owing, "TST-EDGE", [one for one in tried if one.mutant.edge], len(mutants), report, ran, []),
        *owing.judge(
            "TST-UNIT",
            unit_problems(files, report),
            ran=ran,
            found=f"{len(report.alone)} tests ran alone",
            reproduce=_alone(report),
        ),
    )


def _of_mutants(
    owing: Owing, rule: str, tried: Sequence[Tried], possible: int, report: TestReport, ran: str, others: list[str]
) -> tuple[Receipt, ...]:
    survived, killed = of_outcome(tried, "survived"), of_outcome(tried, "killed")
    told = f"{len(killed)} of {len(killed) + len(survived)} changes noticed, {possible} possible"
    problems = others + ([f"the tests could not be run: {report.crashed}"] if report.crashed else [])
    if too_few(len(killed), len(survived)):
        problems += [f"{told}; at least {_ENOUGH:.0%} are asked for", *map(str, survived)]
    decided = len(killed) + len(survived)
    if not problems and (decided == 0 or (decided < _FEWEST and decided < possible)):
        return owing.leave(rule, f"{told}: too few to tell; give --mutants more seconds", ran=ran)
    found = bounded([told, *(f"not noticed: {one}" for one in survived)])
    places = [f"{one.mutant.file}:{one.mutant.line}" for one in survived]
    changed = changed_by(survived[0].mutant) if survived and not others else "python -m pytest"
    reproduce = shown(others, changed)
    return owing.judge(rule, problems, ran=ran, found=found, reproduce=reproduce, places=places, seconds=report.seconds)


def changed_by(mutant: Mutant) -> str:
    """Make the change, run the tests, which should fail and do not, and take it back."""
    file = shlex.quote(mutant.file)
    code = (
        f"from pathlib import Path; file = Path({mutant.file!r}); old = file.read_bytes(); "
        f"file.write_bytes(old[:{mutant.start}] + {mutant.text.encode()!r} + old[{mutant.end}:])"
    )
    return f"python -c {shlex.quote(code)} && python -m pytest; git checkout -- {file}"


def _alone(report: TestReport) -> str:
    """The tests that ran alone, and which lines of the services they cover."""
    names = " ".join(shlex.quote(name) for name in list(report.alone)[:_SHOWN])
    return f"coverage run --source=src/services -m pytest {names or '-k service'}; coverage report --show-missing"


def too_few(killed: int, survived: int) -> bool:
    """Whether a suite that notices enough would by chance notice as few as these, or fewer (exact binomial test)."""
    number = killed + survived
    as_few = math.fsum(_probability(one, number) for one in range(killed + 1))
    return number > 0 and as_few < _CHANCE


def _probability(noticed: int, number: int) -> float:
    ways = math.lgamma(number + 1) - math.lgamma(noticed + 1) - math.lgamma(number - noticed + 1)
    return math.exp(ways + noticed * math.log(_ENOUGH) + (number - noticed) * math.log(1 - _ENOUGH))


def unit_problems(files: Mapping[str, str], report: TestReport) -> list[str]:
    """Services of which tests that reach no database and no application run less than half."""
    if report.crashed:
        return [f"the tests could not be run: {report.crashed}"]
    if not any(layer(path) == "services" for path in files):
        return ["there are no services in src/services that tests could run alone"]
    silent = silent_tests(files)
    passed = {one.name for one in report.cases if one.outcome == "passed"}
    seen: dict[str, set[int]] = {}
    for test, lines in report.alone.items():
        if test in passed and plain_name(test) not in silent:
            for file, numbers in lines.items():
                seen.setdefault(file, set()).update(numbers)
    return [
        f"{path}: tests without a database run {len(lines & seen.get(path, set()))} of its {len(lines)} lines; "
        f"test the service on its own, with what is outside it replaced"
        for path, lines in _services(files)
        if len(lines & seen.get(path, set())) < _ALONE * len(lines)
    ]


def _services(files: Mapping[str, str]) -> Iterator[tuple[str, frozenset[int]]]:
    """Each module of services that does something, and the lines on which its statements begin."""
    for path, tree in syntax_trees(files):
        if layer(path) == "services":
            lines = frozenset(
                statement.lineno
                for _, function in functions_of(tree)
                for statement in statements_of(function)
                if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
            )
            if lines:
                yield path, lines
