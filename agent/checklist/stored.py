"""Answers that are kept for a repeat: nobody is told them who would have been refused the request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from agent.binding.model import Action, Bound
from agent.checklist.probe.accounts import Caller, NoCredentials, credentials, ways
from agent.checklist.probe.asking import answered
from agent.checklist.probe.judging import excerpt
from agent.checklist.probe.requests import Request
from agent.checklist.probe.world import World
from agent.checklist.running import Reply
from agent.checklist.security.jwt import read_token, signing_key
from agent.checklist.security.scopes import lacking, named_in

_KEY = "idempotency-key"
_ANOTHER = "another user"
_SCOPELESS = 2
"""Tokens that lack a scope, of which each is tried under the key."""


async def told_to_others(
    world: World, bound: Bound, request: Request, caller: Caller | None, first: Reply
) -> tuple[list[str], list[str]]:
    """Send the request again under its key as another user, and with tokens that lack a scope: what was asked, and
    to whom the first answer was shown."""
    asked, shown = list[str](), list[str]()
    if not request.credentials:
        return asked, shown
    another = [(_ANOTHER, one) for one in await _as_another(world, bound, request)]
    scopeless = [(f"a token with {how}", one) for how, one in _without_scope(world, bound, request, caller)]
    for who, other in (*another, *scopeless):
        reply = await world.asker.send(other)
        asked.append(f"by {who} → {reply.status or 'no answer'}")
        if not 200 <= reply.status < 300 or not same_answer(reply, first):
            continue
        makes_own = who == _ANOTHER and bound.action is Action.CREATE and bool(first.body)
        if makes_own or await _is_refused(world, other):
            shown.append(f"{who} with the same key is shown the first one's answer: {reply.status} {excerpt(reply)}")
    return asked, shown


async def _is_refused(world: World, request: Request) -> bool:
    """Whether who asks is refused without the key, so that only a kept answer can have let them in."""
    headers = {name: value for name, value in request.headers.items() if name.lower() != _KEY}
    return 400 <= (await world.asker.send(replace(request, headers=headers))).status < 500


async def _as_another(world: World, bound: Bound, request: Request) -> list[Request]:
    try:
        stranger = await world.users.caller("second")
        proof = credentials(bound.operation, world.asker.contract, stranger)
    except NoCredentials:
        return []
    secret = stranger.secrets if stranger else frozenset()
    return [replace(request, credentials=proof, secrets=secret)] if proof != request.credentials else []


def _without_scope(
    world: World, bound: Bound, request: Request, caller: Caller | None
) -> Iterator[tuple[str, Request]]:
    """The request with tokens of the same user, which lack what the contract demands."""
    token = read_token(caller.token) if caller else None
    named = named_in(token, bound.demands) if token else None
    key = signing_key(token, world.asker.service.command.environment.values()) if token else None
    if caller is None or token is None or named is None or key is None:
        return
    made = list(lacking(token, named, bound.demands, world.binding.demanded, key, world.asker.chance))
    for how, text in made[-_SCOPELESS:]:
        bearer = replace(caller, token=text, cookies={}, password="", key="")
        for way in ways(bound.operation, world.asker.contract, bearer):
            yield how, replace(request, credentials=dict(way))


def same_answer(one: Reply, other: Reply) -> bool:
    return one.status == other.status and (one.body == other.body or answered(one) == answered(other) is not None)
