"""Whether what breaks the contract is refused where it enters, and whether the refusal says what was wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from agent.binding.model import Action, Bound
from agent.checklist.probe.accounts import NoCredentials
from agent.checklist.probe.breaking import Broken, broken_requests
from agent.checklist.probe.exchange import prepared
from agent.checklist.probe.judging import excerpt
from agent.checklist.probe.store import NoRow
from agent.checklist.probe.world import World
from agent.checklist.running import Reply

_REFUSALS = frozenset({400, 413, 414, 415, 422, 431})
_TELLING = frozenset({400, 422})
_NO_REASON = (
    "a an and are bad be body code data detail details error errors failed field fields for header in input invalid is"
    " loc location message msg not of or params parameter path query reason request status the title to type"
    " unprocessable entity url valid validation value values was your"
)
"""Words that tell nobody what to change."""


@dataclass(slots=True)
class Refusals:
    """What happened to the requests that break the contract, for one operation."""

    asked: int = 0
    accepted: list[str] = field(default_factory=list)
    """Breaches of VAL-EDGE."""
    silent: list[str] = field(default_factory=list)
    """Breaches of VAL-DETAIL."""
    told: int = 0
    """Refusals that had to say something, and were read."""
    accepted_by: str = ""
    """A line to paste for the first breach of VAL-EDGE."""
    silent_by: str = ""


async def refuse(world: World, bound: Bound) -> Refusals:
    """Send everything that the contract forbids, one breach a time."""
    found = Refusals()
    try:
        good = (await prepared(world, bound)).request
    except (NoCredentials, NoRow) as error:
        found.accepted.append(f"could not be asked: {error}")
        found.silent.append(f"could not be asked: {error}")
        return found
    for broken in broken_requests(world.asker.contract, good):
        reply = await world.asker.send(
            world.asker.refreshed(broken.request) if _keeps_headers(broken) else broken.request
        )
        found.asked += 1
        _judge(found, bound, broken, reply)
    return found


def _keeps_headers(broken: Broken) -> bool:
    return not broken.place.startswith("header ")


def _judge(found: Refusals, bound: Bound, broken: Broken, reply: Reply) -> None:
    line = broken.request.curl()
    if reply.status not in _allowed(bound, broken):
        got = f"{reply.status} {excerpt(reply)}" if reply.status else excerpt(reply)
        found.accepted.append(f"{broken}: expected 400 or 422, got {got}")
        found.accepted_by = found.accepted_by or line
    elif reply.status in _TELLING:
        found.told += 1
        problem = silence(broken, reply)
        if problem:
            found.silent.append(f"{broken}: {problem}: {reply.status} {excerpt(reply)}")
            found.silent_by = found.silent_by or line


def _allowed(bound: Bound, broken: Broken) -> frozenset[int]:
    if broken.place.startswith("path "):
        return _REFUSALS | {404}
    return _REFUSALS | ({401} if bound.action in (Action.LOGIN, Action.REFRESH) else set())


def silence(broken: Broken, reply: Reply) -> str:
    """What a refusal fails to say; empty when it names the field and a reason."""
    said = " ".join(_texts(reply))
    if broken.field and _squeezed(broken.field) not in _squeezed(said):
        return f"the refusal does not name {broken.field}"
    words = set(re.findall(r"[a-z]{2,}", said.lower())) - set(_NO_REASON.split())
    words -= set(re.findall(r"[a-z]{2,}", broken.field.lower())) | {_squeezed(broken.field)}
    return "" if words else "the refusal does not say what is wrong"


def _texts(reply: Reply) -> Iterator[str]:
    """Every text in the body, names of properties too; the body itself when it is no JSON."""
    try:
        parts: list[Any] = [json.loads(reply.body)]
    except (ValueError, RecursionError):
        yield reply.text
        return
    while parts:
        match parts.pop():
            case dict() as found:
                parts += [*found.keys(), *found.values()]
            case list() as found:
                parts += found
            case str() as text:
                yield text


def _squeezed(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())
