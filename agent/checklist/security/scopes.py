"""AUT-OWNER, as far as scopes are concerned: a token that lacks what the contract asks for opens nothing.

Such tokens are made with the service's own key from one that it believes. Where that cannot be done, nothing is shown.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agent.binding.model import Bound
from agent.checklist.pasting import NOT_APPLICABLE
from agent.checklist.probe.accounts import Caller, ways
from agent.checklist.probe.exchange import caller_for
from agent.checklist.probe.requests import Request
from agent.checklist.security.jwt import Token, read_token, signed, signing_key
from agent.checklist.security.round import Round

_REFUSALS = (401, 403)
_LETTERS = "abcdefghijkmnpqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Named:
    """Where a token names what its bearer may do."""

    claim: str
    names: tuple[str, ...]
    listed: bool
    """A list of texts; else one text with blanks between."""

    def with_names(self, token: Token, names: Sequence[str]) -> Mapping[str, Any]:
        """The token's claims, with these names in place of its own."""
        return {**token.claims, self.claim: list(names) if self.listed else " ".join(names)}


@dataclass(frozen=True, slots=True)
class Shown:
    """What asking with such tokens has shown."""

    problems: list[str]
    tried: tuple[str, ...] = ()
    unknown: str = ""
    """Why nothing could be shown."""
    reproduce: str = ""


def named_in(token: Token, demands: Sequence[Sequence[str]]) -> Named | None:
    """The claim in which the token names all scopes of an alternative; None where none does."""
    for claim, value in token.claims.items():
        texts = value.split() if isinstance(value, str) else value
        names = {text for text in texts if isinstance(text, str)} if isinstance(texts, list) else set()
        if isinstance(texts, list) and len(names) == len(texts) and any(names.issuperset(one) for one in demands):
            return Named(claim, tuple(texts), isinstance(value, list))
    return None


def lacking(
    token: Token,
    named: Named,
    demands: Sequence[Sequence[str]],
    known: Sequence[str],
    key: bytes,
    chance: random.Random,
) -> Iterator[tuple[str, str]]:
    """Tokens of which each lacks something that every alternative asks for: what it lacks, and the token.

    `known` are all scopes of the contract. Others are kept, because what they are for nobody knows. In place of what is
    left out stands a longer name, which finds those who look for a part of a text or for any scope at all.
    """
    kept = [name for name in named.names if name not in known]
    asked = list(dict.fromkeys(scope for one in demands for scope in one))
    for left_out in _left_out(demands):
        longer = [scope + "".join(chance.choices(_LETTERS, k=3)) for scope in left_out]
        names = [*kept, *(scope for scope in asked if scope not in left_out), *longer]
        yield f"no {' and no '.join(left_out)}", signed(token.header, named.with_names(token, names), key)
    without = {claim: value for claim, value in token.claims.items() if claim != named.claim}
    yield f"no `{named.claim}`", signed(token.header, without, key)


def naming_all(token: Token, named: Named, key: bytes, chance: random.Random) -> str:
    """Another token that is as good, and names one more thing: shows that tokens can be made."""
    names = [*named.names, "".join(chance.choices(_LETTERS, k=8))]
    return signed(token.header, named.with_names(token, names), key)


def judged(bad: Sequence[tuple[str, int]], good: Sequence[int]) -> Shown:
    """What the statuses show that came back for tokens that lack something, and for those that lack nothing."""
    tried, let_in = tuple(dict.fromkeys(how for how, _ in bad)), [one for one in bad if one[1] not in _REFUSALS]
    if not good or any(status in _REFUSALS for status in good):
        said = " and ".join(map(str, good)) or "no answer"
        why = f"{NOT_APPLICABLE}a token that names all scopes is refused ({said}): what else it must say is not known"
        return Shown([], tried, why)
    if let_in and all(400 <= status < 500 for status in (*good, *(status for _, status in let_in))):
        return Shown([], tried, f"a token that names all scopes was answered {good[0]}, so nothing was shown")
    problems = [f"a token with {how} → {status or 'no answer'}, expected 403" for how, status in let_in]
    failing = [status for status in good if status == 0 or status >= 500]
    problems += [
        f"a token that names all scopes → {status or 'no answer'}: nothing was shown" for status in failing[:1]
    ]
    return Shown(problems, tried)


async def ask_without_scopes(probes: Round, bound: Bound) -> Shown:
    """Ask with tokens that lack a scope, then with one that lacks none. Raises `NoCredentials` and `NoRow`."""
    caller = await caller_for(probes.world, bound)
    token = read_token(caller.token) if caller else None
    named = named_in(token, bound.demands) if token else None
    key = signing_key(token, probes.service.command.environment.values()) if token else None
    if caller is None or token is None or named is None or key is None:
        return Shown([], unknown=_undecidable(token, named))
    request, _ = await probes.request(bound, caller)
    chance = probes.world.asker.chance
    made = list(lacking(token, named, bound.demands, probes.world.binding.demanded, key, chance))
    bad = [
        (how, sent, (await probes.send(sent)).status)
        for how, text in made
        for sent in _carrying(probes, request, caller, text)
    ]
    whole = _carrying(probes, request, caller, naming_all(token, named, key, chance))
    good = [(await probes.send(one)).status for one in whole]
    shown = judged([(how, status) for how, _, status in bad], good)
    how, first = next(((how, sent) for how, sent, status in bad if status not in _REFUSALS), ("all scopes", request))
    return replace(shown, reproduce=f"{first.curl()}  # CREDENTIALS: a good token with {how}")


def _undecidable(token: Token | None, named: Named | None) -> str:
    """Why no token can be made that lacks a scope and is good otherwise."""
    if token is None:
        return f"{NOT_APPLICABLE}the tokens are opaque, so none can be made that lacks a scope"
    if named is None:
        return f"{NOT_APPLICABLE}the tokens that are given name no scope, so none can be made that lacks one"
    return f"{NOT_APPLICABLE}no setting signs the tokens, so none can be made that lacks a scope"


def _carrying(probes: Round, request: Request, caller: Caller, text: str) -> list[Request]:
    """The request with this token, in each way that the contract offers."""
    bearer = replace(caller, token=text, cookies={}, password="", key="")
    found = ways(request.operation, probes.case.contract, bearer)
    return [replace(probes.world.asker.refreshed(request), credentials=dict(way)) for way in found]


def _left_out(demands: Sequence[Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """What no alternative can do without: one scope each, then all together."""
    every = dict.fromkeys(scope for one in demands for scope in one)
    yield from ((scope,) for scope in every if all(scope in one for one in demands))
    if len(every) > 1:
        yield tuple(every)
