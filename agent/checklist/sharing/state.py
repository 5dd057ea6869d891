"""PRI-STATELESS: what one instance has done, the other one knows. STK-REDIS: where it lies."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.binding.callers import TokenPart
from agent.binding.model import Action, Bound
from agent.checklist.probe.accounts import Caller, NoCredentials, credentials
from agent.checklist.probe.exchange import prepared
from agent.checklist.probe.requests import Request
from agent.checklist.probe.store import NoRow
from agent.checklist.probe.world import Need
from agent.checklist.record import Reply
from agent.checklist.repeating import keyed
from agent.checklist.sharing.instances import Instances
from agent.checklist.sharing.rates import Rates
from agent.receipts import Receipt

RULES: Mapping[str, str] = {
    "PRI-STATELESS": "sharing: tokens, sessions, idempotency keys, rows and limits of one instance, asked of another",
    "STK-REDIS": "sharing: what lies in the Redis that the service was given, after all of it",
}

_KINDS = 6
"""Kinds of keys that a receipt names."""


@dataclass(slots=True)
class _Shared:
    """What both instances know, and what only one of them does."""

    problems: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    reproduce: str = ""
    """Of the first problem; `$OTHER_SOCKET` is where the other instance listens."""

    def blame(self, problem: str, reproduce: str) -> None:
        """Note what only one of them knows."""
        self.problems.append(problem)
        self.reproduce = self.reproduce or reproduce


async def judge_state(instances: Instances, rates: Rates | None) -> tuple[Receipt, ...]:
    """Whether two instances act like a single one; `rates` is what bursts have shown of their limits."""
    shared = _Shared()
    try:
        await _tokens(instances, shared)
        await _sessions(instances, shared)
        await _repeats(instances, shared)
    except (NoCredentials, NoRow) as error:
        shared.told.append(f"sessions not judged: {error}")
    await _rows(instances, shared)
    if rates is not None and rates.limited:
        shared.told.append("limits")
        if rates.apart:
            shared.blame("the instances count requests each for itself", rates.reproduce)
    if not shared.told:
        return instances.owing.leave("PRI-STATELESS", "not applicable: the service keeps nothing")
    return instances.owing.judge(
        "PRI-STATELESS",
        shared.problems,
        ran=f"two instances on one database, asked in turn (seed {instances.seed})",
        found=f"shared: {', '.join(shared.told)}",
        reproduce=shared.reproduce,
    )


async def judge_redis(instances: Instances, rates: Rates | None) -> tuple[Receipt, ...]:
    """Whether what is shared lies in the Redis that the service was given."""
    rule, ran = "STK-REDIS", "keys in the service's Redis after bursts, logins and reads on two instances"
    if instances.redis_url is None:
        if rates is not None and rates.limited:
            problem = "requests are limited, but the service reads no REDIS_URL: the counts lie elsewhere"
            return instances.owing.judge(rule, [problem], ran=ran, reproduce="grep -rn REDIS_URL src .env.example")
        return instances.owing.leave(rule, "not applicable: the service neither limits nor reads REDIS_URL", ran=ran)
    version, keys = await asyncio.to_thread(_looked, instances.redis_url)
    kinds = Counter(key.partition(":")[0][:40] for key in keys)
    if not keys and (nobody := await _why_nobody_got_in(instances)):
        return instances.owing.leave(rule, f"nobody got in, who would have left something there: {nobody}", ran=ran)
    problems = [] if keys else ["the service was given a Redis by REDIS_URL, and keeps nothing in it"]
    told = ", ".join(f"{count} × {kind}" for kind, count in kinds.most_common(_KINDS))
    return instances.owing.judge(
        rule,
        problems,
        ran=ran,
        found=f"protocol of Redis {version}; keys: {told}",
        reproduce='redis-cli -u "$REDIS_URL" --scan',
    )


async def _why_nobody_got_in(instances: Instances) -> str:
    """Why no operation that wants credentials could be asked; empty where one could, or none wants any."""
    contract, why = instances.case.contract, ""
    for one in (found for found in contract.operations if found.protected):
        try:
            if credentials(one, contract, await instances.world.users.caller()):
                return ""
        except NoCredentials as error:
            why = why or str(error)
    return why


def _looked(url: str) -> tuple[str, list[str]]:
    """The version of the protocol, and all keys."""
    import valkey

    with valkey.Valkey.from_url(url, decode_responses=True) as client:
        return str(client.info("server")["redis_version"]), [str(key) for key in client.scan_iter()]


async def _tokens(instances: Instances, shared: _Shared) -> None:
    """Who has logged in at one is known to the other."""
    caller = await instances.world.users.caller()
    bound = next((one for one in _readable(instances) if one.operation.protected), None)
    if caller is None or bound is None:
        return
    request = await instances.world.request(bound, Need(caller))
    shared.told.append("logins")
    if (reply := await instances.ask(instances.one, request)).status in (401, 403):
        return  # refused by both: the business of other rules
    reply = await instances.ask(instances.other, request)
    if reply.status in (401, 403):
        problem = f"{_named(request)} with a token of one instance → {reply.status} at the other"
        shared.blame(problem, _at_both(request, request))


async def _sessions(instances: Instances, shared: _Shared) -> None:
    """A refresh token that was used, or logged out, at one is refused by the other."""
    binding = instances.case.binding
    refresh = next((one for one in binding.operations if one.action is Action.REFRESH and one.presented), None)
    if refresh is None:
        return
    logout = next((one for one in binding.operations if one.action is Action.LOGOUT and one.presented), None)
    shared.told.append("refresh tokens")
    caller = await _newcomer(instances, "who refreshes at both")
    used = _presenting(instances, refresh, caller, caller.refresh_token)
    first = await instances.ask(instances.other, used)
    if not _good(first):
        shared.blame(f"{_named(used)} with a token of one instance → {first.status} at the other", _at_other(used))
    elif TokenPart.REFRESH in refresh.tokens.values() and _good(again := await instances.ask(instances.one, used)):
        problem = f"{_named(used)} with a token that was used at the other instance → {again.status}"
        shared.blame(problem, f"{_at_other(used)}; {used.curl()}")
    if logout is None:
        return
    caller = await _newcomer(instances, "who logs out at one")
    leaving = _presenting(instances, logout, caller, caller.refresh_token)
    refreshing = _presenting(instances, refresh, caller, caller.refresh_token)
    await instances.ask(instances.one, leaving)
    if _good(after := await instances.ask(instances.other, refreshing)):
        problem = f"{refresh.operation.key} after {logout.operation.key} at the other instance → {after.status}"
        shared.blame(problem, _at_both(leaving, refreshing))


async def _repeats(instances: Instances, shared: _Shared) -> None:
    """What was made at one under an Idempotency-Key is not made again at the other."""
    bound = next((one for one in instances.case.binding.operations if one.action is Action.CREATE), None)
    table = instances.case.catalog.table(bound.table) if bound else None
    if bound is None or table is None:
        return
    request = keyed(instances.world, (await prepared(instances.world, bound, fresh=True)).request)
    store = instances.world.asker.store
    before = store.keys(table)
    if not _good(await instances.ask(instances.one, request)):
        return
    reply = await instances.ask(instances.other, request)
    made = len(store.keys(table) - before)
    shared.told.append("idempotency keys")
    if made > 1:
        problem = f"{_named(request)} with one Idempotency-Key at both instances → {reply.status}, {made} rows"
        shared.blame(problem, _at_both(request, request))


async def _rows(instances: Instances, shared: _Shared) -> None:
    """What was created at one is found at the other."""
    for bound in instances.case.binding.operations:
        if bound.action is not Action.RETRIEVE or bound.hole:
            continue
        try:
            caller = await instances.world.users.caller() if bound.operation.protected else None
            request = await instances.world.request(bound, Need(caller, fresh=True))
        except (NoCredentials, NoRow):
            continue
        if not _good(await instances.ask(instances.one, request)):
            continue
        shared.told.append("rows")
        if not _good(reply := await instances.ask(instances.other, request)):
            problem = f"{_named(request)}: a row of one instance → {reply.status} at the other"
            shared.blame(problem, _at_both(request, request))
        return


def _readable(instances: Instances) -> list[Bound]:
    gets = (one for one in instances.case.binding.operations if one.operation.method == "get")
    whole = (one for one in gets if not one.hole or "{" not in one.operation.path)
    return sorted(whole, key=lambda one: "{" in one.operation.path)


async def _newcomer(instances: Instances, name: str) -> Caller:
    caller = await instances.world.users.caller(name)
    assert caller is not None
    return caller


def _presenting(instances: Instances, bound: Bound, caller: Caller, token: str) -> Request:
    body = {bound.presented: token}
    return instances.world.asker.request(bound.operation, caller=caller, path_values={}, body=body)


def _at_both(first: Request, then: Request) -> str:
    return f"{first.curl()}; {_at_other(then)}"


def _at_other(request: Request) -> str:
    return request.curl().replace("$SOCKET", "$OTHER_SOCKET")


def _named(request: Request) -> str:
    return f"{request.method} {request.target}"


def _good(reply: Reply) -> bool:
    return 200 <= reply.status < 300
