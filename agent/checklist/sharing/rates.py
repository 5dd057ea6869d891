"""API-RATE: bursts from one address and by one user are refused, by both instances, and nobody else is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from agent.binding.model import Action, Bound
from agent.checklist.probe.accounts import Caller, NoCredentials
from agent.checklist.probe.asking import answered
from agent.checklist.probe.requests import Request
from agent.checklist.probe.store import NoRow
from agent.checklist.probe.world import Need
from agent.checklist.record import Reply
from agent.checklist.sharing.bursts import TOO_MANY, Burst, burst, from_one
from agent.checklist.sharing.instances import Instances

RULES: Mapping[str, str] = {
    "API-RATE": "sharing: bursts from one address and by one user, on two instances under the service's own limits",
}

_MOST = 1_500
"""Requests after which a service that has refused none counts as unlimited."""
_SECONDS = 30.0
_SLOW = 120.0
"""Answers a second below which a machine is too busy to exceed a limit that refills."""
_LONGEST = 3.0
"""Seconds that are waited out as `Retry-After` says; longer ones are believed."""
_STRANGERS = 20
"""Requests of somebody who has asked for nothing yet."""
_CHEAP = {Action.ME: 0, Action.LIST: 1}


class TooBusy(Exception):
    """The machine gave the service too little time to be asked too often."""


@dataclass(slots=True)
class Rates:
    """What bursts have shown."""

    problems: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    reproduce: str = ""
    limited: bool = False
    """Some burst was refused."""
    apart: bool = False
    """The instances count each for itself."""


@dataclass(frozen=True, slots=True)
class _Sample:
    """What shows the limit of an address."""

    request: Request
    stranger: Request
    """The same by somebody else; the very same where nobody has to say who they are."""


async def ask_too_often(instances: Instances) -> Rates:
    """Bursts from one address, and by one user from many. Raises `TooBusy`."""
    found = Rates()
    address = next(instances.origins)
    refused, since = await _from_an_address(instances, address, found), time.monotonic()
    await _by_a_user(instances, found)
    if refused is not None:
        await _wait_out(instances, refused, address, since, found)
    return found


async def _from_an_address(instances: Instances, address: str, found: Rates) -> Burst | None:
    """The burst that was refused, None when none was."""
    last: Burst | None = None
    for sample in await _samples(instances):
        last = await burst(instances.one, sample.request, from_one(address), most=_MOST, seconds=_SECONDS)
        if last.refused is not None:
            await _judge_address(instances, sample, last, address, found)
            return last
    if last is None:
        found.told.append("addresses not judged: no operation could be asked")
    else:
        _unlimited(last, "from one address", found)
    return None


async def _judge_address(instances: Instances, sample: _Sample, sent: Burst, address: str, found: Rates) -> None:
    _judge_refusal(instances, sent, f"{sent.admitted} requests from one address, then 429", found)
    told = _told(sent.request)
    found.reproduce = _again(sent)
    if await _refused_soon(instances, sample.stranger, from_one(next(instances.origins)), sent):
        found.problems.append(f"{told} from another address → 429 too: the limit is not each address's")
    if sample.stranger is not sample.request:
        many = max(20, sent.admitted // 2)
        beside = await burst(instances.one, sample.stranger, from_one(address), most=many, seconds=_SECONDS)
        if beside.refused is None:
            found.problems.append(f"{told} by another user from that address: no 429, only users are limited")
            return
    await _compare(instances, sent, lambda: from_one(address), "address", found)


async def _by_a_user(instances: Instances, found: Rates) -> None:
    """One user from ever new addresses, then another user."""
    try:
        first, second = [await instances.world.users.caller(name) for name in ("first", "second")]
        request = await _protected(instances, first)
        others = await _protected(instances, second)
    except (NoCredentials, NoRow) as error:
        found.told.append(f"users not judged: {error}")
        return
    if request is None or others is None:
        found.told.append("users not judged: no operation asks who is calling")
        return
    sent = await burst(instances.one, request, instances.origins, most=_MOST, seconds=_SECONDS)
    if sent.refused is None:
        _unlimited(sent, "by one user from many addresses", found)
        return
    _judge_refusal(instances, sent, f"{sent.admitted} by one user from many addresses, then 429", found)
    if await _refused_soon(instances, others, instances.origins, sent):
        found.problems.append(f"{_told(others)} by another user → 429 too: the limit is not each user's")
    await _compare(instances, sent, lambda: instances.origins, "user", found)


def _unlimited(sent: Burst, how: str, found: Rates) -> None:
    if sent.admitted < _MOST and sent.per_second < _SLOW:
        raise TooBusy(f"only {sent.per_second:.0f} answers a second came")
    found.problems.append(f"{_told(sent.request)} {sent.admitted} times {how}: no 429")
    found.reproduce = found.reproduce or _again(sent)


def _judge_refusal(instances: Instances, sent: Burst, told: str, found: Rates) -> None:
    reply = sent.refused
    assert reply is not None
    found.limited = True
    found.told.append(told)
    found.reproduce = found.reproduce or _again(sent)
    if _seconds(reply) is None:
        header = reply.headers.get("retry-after")
        why = "no Retry-After" if header is None else f"Retry-After: {header}, which is neither seconds nor a date"
        found.problems.append(f"{_told(sent.request)} → 429 with {why}")
    declared = next((one for one in sent.request.operation.answers if one.status == str(TOO_MANY)), None)
    if declared is not None and declared.json is not None:
        wrong = instances.world.asker.schema_problems(declared.json, answered(reply))
        found.problems += [f"{_told(sent.request)} → 429 whose body is not as declared: {one}" for one in wrong]


async def _refused_soon(instances: Instances, request: Request, origins: Iterator[str], sent: Burst) -> bool:
    """Whether far fewer of these are admitted than of those that were sent; a single one may be let in by chance."""
    most = min(_STRANGERS, max(1, sent.admitted // 2))
    return (await burst(instances.one, request, origins, most=most, seconds=_SECONDS)).refused is not None


async def _compare(
    instances: Instances, sent: Burst, origins: Callable[[], Iterator[str]], whose: str, found: Rates
) -> None:
    """The other instance, asked at once by the one that was just refused, has to refuse soon."""
    many = max(20, sent.admitted)
    after = await burst(instances.other, sent.request, origins(), most=many, seconds=_SECONDS)
    if after.refused is None or after.admitted > max(10, sent.admitted // 2):
        found.apart = True
        told = f"a second instance admitted {after.admitted} more"
        found.problems.append(f"{_told(sent.request)}: one instance refused the {whose}, {told}: they count apart")


async def _wait_out(instances: Instances, sent: Burst, address: str, since: float, found: Rates) -> None:
    seconds = _seconds(sent.refused) if sent.refused is not None else None
    if seconds is None:
        return
    if seconds > _LONGEST:
        found.told.append(f"Retry-After of {seconds:.0f} s not waited out")
        return
    await asyncio.sleep(max(0.0, since + seconds + 0.1 - time.monotonic()))
    again = await burst(instances.one, sent.request, from_one(address), most=1, seconds=_SECONDS)
    if again.refused is not None:
        found.problems.append(f"{_told(sent.request)} after the {seconds:.0f} s of Retry-After → 429 again")


async def _samples(instances: Instances) -> list[_Sample]:
    """Something that nobody has to log in for, else something that is asked without that, and then with it.

    Limits that sit behind the log-in do not count those who are turned away by it.
    """
    users = instances.world.users
    for bound in sorted(_reads(instances), key=lambda one: (one.operation.protected, _price(one))):
        try:
            if not bound.operation.protected:
                request = await instances.world.request(bound, Need(None))
                return [_Sample(request, request)]
            request, other = [
                await instances.world.request(bound, Need(await users.caller(name))) for name in ("here", "here too")
            ]
        except (NoCredentials, NoRow):
            continue
        nobody = request.without_credentials()
        return [_Sample(nobody, nobody), _Sample(request, other)]
    return []


async def _protected(instances: Instances, caller: Caller | None) -> Request | None:
    """The cheapest request that has to say who is calling."""
    bounds = sorted((one for one in _reads(instances) if one.operation.protected), key=_price)
    if caller is None or not bounds:
        return None
    return await instances.world.request(bounds[0], Need(caller))


def _reads(instances: Instances) -> Iterator[Bound]:
    """What only reads; what nobody could derive too, where its path says all."""
    gets = (one for one in instances.case.binding.operations if one.operation.method == "get")
    return (one for one in gets if not one.hole or "{" not in one.operation.path)


def _price(bound: Bound) -> tuple[bool, int]:
    return "{" in bound.operation.path, _CHEAP.get(bound.action, 2) if bound.action else 3


def _seconds(reply: Reply) -> float | None:
    """What Retry-After says, in seconds from now; None when it says nothing that can be read."""
    said = str(reply.headers.get("retry-after", "")).strip()
    if said.isascii() and said.isdigit():
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def _again(sent: Burst) -> str:
    return f"for n in $(seq {sent.admitted + 1}); do {sent.request.curl()}; done"


def _told(request: Request) -> str:
    return f"{request.method} {request.target}"
