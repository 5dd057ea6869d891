"""PRF-CACHE: what everybody reads is not looked up each time, is new after a write, at every instance, and nobody is
shown what was kept for somebody else: other checks look at what is whose where caches keep nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from agent.binding.model import Action, Bound
from agent.checklist.observing.observed import is_query
from agent.checklist.probe.accounts import NoCredentials, credentials
from agent.checklist.probe.asking import carried
from agent.checklist.probe.judging import excerpt
from agent.checklist.probe.requests import Request
from agent.checklist.probe.store import NoRow
from agent.checklist.probe.world import Need, World
from agent.checklist.record import Reply
from agent.checklist.running import Running
from agent.checklist.sharing.instances import Instances
from agent.receipts import Receipt

RULES: Mapping[str, str] = {
    "PRF-CACHE": "sharing: statements of a public read when repeated, its answers after a write, and for whom",
}

_HOT = (Action.LIST, Action.RETRIEVE)
_WRITES = (Action.CREATE, Action.PATCH, Action.REPLACE)
_ASKED = 3
"""How often the same is read before a write: what is kept for a moment may end once meanwhile."""


@dataclass(frozen=True, slots=True)
class _Read:
    """One answer, and the statements that it took."""

    reply: Reply
    statements: int


async def judge_caching(instances: Instances) -> tuple[Receipt, ...]:
    """Judge the first list and the first row that anybody may read."""
    rule, owing = "PRF-CACHE", instances.owing
    problems: list[str] = []
    told: list[str] = []
    kept = 0
    reproduce = ""
    for bound in _hot(instances):
        request = await _request(instances, bound)
        if request is None:
            continue
        reads = [await _read(instances, instances.one, request) for _ in range(_ASKED)]
        if not _good(reads[-1].reply):
            continue
        again = min(one.statements for one in reads[1:])
        if again and again >= reads[0].statements:
            told.append(f"{request.method} {request.target}: {again} statements each time")
            reproduce = reproduce or request.curl()
            continue
        kept += 1
        told.append(f"{request.method} {request.target}: none or fewer when repeated{_unwritten(instances, bound)}")
        if stale := await _stale(instances, bound, request):
            problems += stale
            reproduce = f"{request.curl()}  # then a change of it, and the same line again"
    foreign, shown = await _shown_to_others(instances)
    if foreign is not None:
        ran = f"{_named(foreign)} by its owner, then by another"
        return owing.judge(rule, [shown], ran=ran, reproduce=foreign.curl())
    if not told:
        return owing.leave(rule, "not applicable: nothing is read that is the same for everybody")
    if not kept:
        problems.append("nothing that everybody reads is kept: " + "; ".join(told))
    ran = f"public reads {_ASKED} times each, written to, and read again at both instances (seed {instances.seed})"
    return owing.judge(rule, problems, ran=ran, found="; ".join(told), reproduce=reproduce)


async def _shown_to_others(instances: Instances) -> tuple[Request | None, str]:
    """The request by which somebody else is given the very answer that an owner was given, and what it was."""
    world, owned = instances.world, instances.owing.subjects("AUT-OWNER")
    for bound in world.binding.operations:
        if not _names_its_user(world, bound) and (bound.operation.key not in owned or bound.action not in _HOT):
            continue
        try:
            owner, stranger = await world.users.caller(), await world.users.caller("second")
            row = None if bound.action is Action.ME else await world.row(bound.table, owner)
            request = await world.request(bound, Need(owner, row))
            proof = credentials(bound.operation, instances.case.contract, stranger)
        except (NoCredentials, NoRow):
            continue
        foreign = replace(request, credentials=dict(proof), secrets=stranger.secrets if stranger else frozenset())
        own, theirs = [(await _read(instances, instances.one, one)).reply for one in (request, foreign)]
        if _good(own) and _good(theirs) and carried(bound, own) and own.body == theirs.body:
            return foreign, f"{_named(foreign)}: another user is given what was answered to its owner: {excerpt(own)}"
    return None, ""


def _names_its_user(world: World, bound: Bound) -> bool:
    """It tells callers who they are, each something else."""
    table = world.catalog.table(bound.table)
    keys = table.primary_key if table else ()
    return bound.action is Action.ME and any(one.column in keys and one.embedded is None for one in bound.answer)


def _named(request: Request) -> str:
    return f"{request.method} {request.target}"


async def _stale(instances: Instances, bound: Bound, request: Request) -> list[str]:
    """Which instance answers as before after a write, without having looked."""
    both = {"the instance that wrote": instances.one, "the other instance": instances.other}
    before = {name: (await _read(instances, service, request)).reply.body for name, service in both.items()}
    if not await _write(instances, bound):
        return []
    problems: list[str] = []
    for name, service in both.items():
        after = await _read(instances, service, request)
        if not after.statements and after.reply.body == before[name]:
            problems.append(f"{request.method} {request.target} after a write: {name} answers what it answered before")
    return problems


async def _write(instances: Instances, bound: Bound) -> bool:
    """Whether a row of what is read was created or changed through the API."""
    write = _writing(instances, bound)
    if write is None:
        return False
    try:
        caller = await instances.world.users.caller() if write.operation.protected else None
        row = None if write.action is Action.CREATE else await instances.world.row(bound.table, caller)
        request = await instances.world.request(write, Need(caller, row, fresh=write.action is Action.CREATE))
    except (NoCredentials, NoRow):
        return False
    return _good(await instances.ask(instances.one, request))


def _writing(instances: Instances, bound: Bound) -> Bound | None:
    """What changes the read: a new row for a list, the row itself for a row."""
    wanted = _WRITES if bound.action is Action.LIST else _WRITES[1:]
    return next(
        (
            one
            for action in wanted
            for one in instances.case.binding.operations
            if one.action is action and one.table == bound.table and not one.hole
        ),
        None,
    )


def _unwritten(instances: Instances, bound: Bound) -> str:
    return "" if _writing(instances, bound) else " (no operation writes to it)"


async def _request(instances: Instances, bound: Bound) -> Request | None:
    try:
        caller = await instances.world.users.caller()
        row = None if bound.hole else await instances.world.row(bound.table, caller)
        return await instances.world.request(bound, Need(caller, row if bound.action is Action.RETRIEVE else None))
    except (NoCredentials, NoRow):
        return None


async def _read(instances: Instances, service: Running, request: Request) -> _Read:
    before = len(instances.recorder.statements)
    reply = await instances.ask(service, request)
    sent = instances.recorder.statements[before:]
    return _Read(reply, sum(is_query(one.text) for one in sent))


def _hot(instances: Instances) -> list[Bound]:
    """The first list and the first row that need no log-in, and the first of what nobody could derive."""
    gets = (one for one in instances.case.binding.operations if one.operation.method == "get")
    public = [one for one in gets if not one.operation.security and (not one.hole or "{" not in one.operation.path)]
    kinds = [(action, False) for action in _HOT] + [(None, True)]
    found = (next((one for one in public if _is(one, action, hole)), None) for action, hole in kinds)
    return [one for one in found if one is not None]


def _is(bound: Bound, action: Action | None, hole: bool) -> bool:
    return bool(bound.hole) is hole and (action is None or bound.action is action)


def _good(reply: Reply) -> bool:
    return 200 <= reply.status < 300
