"""The gate validation: broken input is refused and explained, foreign text stays text, fuzzing finds nothing."""

from __future__ import annotations

import random
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext

from agent.checklist.booted import Bench
from agent.checklist.case import Case, Found, Owing
from agent.checklist.databases import NotMigrated
from agent.checklist.effort import Effort
from agent.checklist.probe.accounts import NoCredentials
from agent.checklist.probe.asking import Asker
from agent.checklist.probe.corners import Corners, turn_corners
from agent.checklist.probe.exchange import prepared
from agent.checklist.probe.fitting import store_of
from agent.checklist.probe.fuzzing import Fuzzed, Target
from agent.checklist.probe.fuzzing_apart import Fuzzer, fuzzer
from agent.checklist.probe.injecting import Injections, inject
from agent.checklist.probe.keys import without_known_keys
from agent.checklist.probe.refusing import Refusals, refuse
from agent.checklist.probe.requests import Request
from agent.checklist.probe.store import NoRow
from agent.checklist.probe.users import Users
from agent.checklist.probe.world import World
from agent.checklist.running import NotRunning, Running, running
from agent.receipts import Receipt

RULES: Mapping[str, str] = {
    "VAL-EDGE": "validation: every constraint of bodies and parameters broken alone, by operation",
    "VAL-DETAIL": "validation: field and reason in what is answered to broken input, by operation",
    "VAL-SANITIZE": "validation: text that would be SQL, markup, a header or a log line, wherever free text is taken",
    "CON-RUNTIME": "validation: contract fuzzing, with data that keeps and that breaks the document, by operation",
}

_FUZZING = 10.0
"""Seconds of fuzzing for up to twenty operations; each further one gets half a second more, up to a minute in all."""
_FEW = 20
_AN_OPERATION = 0.5
_LONGEST = 60.0
_WEIGHTS = {"post": 3.0, "put": 3.0, "patch": 3.0, "delete": 1.0}


async def settle(case: Case, owing: Owing, bench: Bench, *, seed: int | None = None) -> Found:
    """Settle what the gate validation owes. Values are made up from a seed that the receipts name."""
    seed = secrets.randbits(32) if seed is None else seed
    try:
        async with (
            bench.migrated() as database,
            running(case, database.access, bench.record, starts=bench.starts) as service,
            _fuzzer(case, service) as fuzzing,
        ):
            with case.server.connect(database.database) as connection:
                asker = Asker(case.contract, service, store_of(case, connection), random.Random(seed))
                users = Users(asker, case.binding, case.catalog)
                world = World(asker, users, case.binding, case.catalog)
                return Found(
                    (
                        *[receipt async for receipt in _refused(case, owing, world, seed)],
                        *_sanitized(owing, await inject(world), seed),
                        *await _fuzzed(case, owing, world, fuzzing, seed),
                    )
                )
    except (NotMigrated, NotRunning) as error:
        return owing.cannot(RULES, str(error), ran="start the service", reproduce=error.reproduce)


async def _refused(case: Case, owing: Owing, world: World, seed: int) -> AsyncIterator[Receipt]:
    for subject in owing.subjects("VAL-EDGE"):
        started = time.perf_counter()
        found = await refuse(world, case.binding.bound(subject))
        for receipt in _settled(owing, subject, found, seed, time.perf_counter() - started):
            yield receipt


def _settled(owing: Owing, subject: str, found: Refusals, seed: int, seconds: float) -> Iterator[Receipt]:
    ran = f"{found.asked} requests that break the contract at one place each (seed {seed})"
    if not found.asked and not found.accepted:
        yield from owing.leave(
            "VAL-EDGE", "not applicable: the contract forbids no input that can be sent", subject=subject
        )
        yield from owing.leave(
            "VAL-DETAIL", "not applicable: the contract forbids no input that can be sent", subject=subject
        )
        return
    yield from owing.judge(
        "VAL-EDGE",
        found.accepted,
        subject=subject,
        ran=ran,
        found=f"all {found.asked} were refused",
        reproduce=found.accepted_by,
        seconds=seconds,
    )
    if found.told or found.silent:
        told = f"{found.told} refusals name field and reason"
        yield from owing.judge(
            "VAL-DETAIL", found.silent, subject=subject, ran=ran, found=told, reproduce=found.silent_by
        )
    else:
        yield from owing.leave(
            "VAL-DETAIL",
            "nothing was refused with 400 or 422, so no reason could be read: VAL-EDGE says what was taken",
            subject=subject,
            ran=ran,
        )


def _sanitized(owing: Owing, found: Injections, seed: int) -> tuple[Receipt, ...]:
    ran = f"{found.asked} requests with text that would be more than text (seed {seed})"
    if not found.asked:
        return owing.leave("VAL-SANITIZE", "not applicable: no operation takes free text", ran=ran)
    return owing.judge(
        "VAL-SANITIZE", found.problems, ran=ran, found="all of it stayed text", reproduce=found.reproduce
    )


def _fuzzer(case: Case, service: Running) -> AbstractAsyncContextManager[Fuzzer | None]:
    """None where no time is given: its process takes some seconds to get ready."""
    if case.effort.fuzz_seconds == 0:
        return nullcontext()
    return fuzzer(without_known_keys(case.contract, service.command))


async def _fuzzed(case: Case, owing: Owing, world: World, fuzzing: Fuzzer | None, seed: int) -> list[Receipt]:
    """Fuzz every operation; the same failure of many operations is told once for each, with the others beside it."""
    targets, turned, unreachable = list[Target](), dict[str, Corners](), dict[str, str]()
    for bound in case.binding.operations:
        try:
            request = (await prepared(world, bound)).request
        except (NoCredentials, NoRow) as error:
            unreachable[bound.operation.key] = str(error)
            continue
        targets.append(Target(request, _risk(request)))
        turned[bound.operation.key] = await turn_corners(world.asker, request)
    found: Mapping[str, Fuzzed] = {one.request.operation.key: Fuzzed() for one in targets}
    if fuzzing is not None:
        seconds = _budget(case.effort, len(targets))
        found = await fuzzing.fuzz(world.asker.service.socket, targets, seconds=seconds, seed=seed)
    shared = Counter(title for key, one in found.items() for title in {*one.failures, *turned[key].problems})
    receipts: list[Receipt] = []
    for subject in owing.subjects("CON-RUNTIME"):
        if subject in unreachable:
            receipts += owing.judge(
                "CON-RUNTIME", [f"could not be asked: {unreachable[subject]}"], subject=subject, reproduce=""
            )
        else:
            receipts += _runtime(owing, subject, turned[subject], found[subject], shared, seed)
    return receipts


def _budget(effort: Effort, operations: int) -> float:
    if effort.fuzz_seconds is not None:
        return effort.fuzz_seconds
    return min(_FUZZING + _AN_OPERATION * max(0, operations - _FEW), _LONGEST)


def _risk(request: Request) -> float:
    """How much of the time an operation gets: what writes, and what takes much, breaks more often."""
    inputs = len(request.operation.parameters) + (4 if request.operation.body else 0)
    return _WEIGHTS.get(request.operation.method, 1.0) * (1 + min(inputs, 10) / 10) if inputs else 0.2


def _runtime(
    owing: Owing, subject: str, turned: Corners, found: Fuzzed, shared: Counter[str], seed: int
) -> tuple[Receipt, ...]:
    ran = f"{turned.asked} requests at the corners of the contract, {found.asked} fuzzed ones (seed {seed})"
    details = {title: one.detail for title, one in found.failures.items()} | turned.problems
    if not details and not found.asked:
        why = found.skipped or "there was no time to fuzz it: give --fuzz more seconds"
        return owing.leave("CON-RUNTIME", why, subject=subject, ran=ran)
    smallest = min(found.failures.values(), key=lambda one: one.size, default=None)
    return owing.judge(
        "CON-RUNTIME",
        [f"{title}{_others(shared[title])}: {detail}" for title, detail in details.items()],
        subject=subject,
        ran=ran,
        found="every answer was as the document says",
        reproduce=smallest.reproduce if smallest else turned.reproduce,
    )


def _others(count: int) -> str:
    return f" (as {count} operations do)" if count > 1 else ""
