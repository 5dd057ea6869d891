"""JWT-SHORT, JWT-CLAIMS and JWT-VERIFY: what issued tokens say, and which tokens are believed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from agent.binding.model import Bound
from agent.checklist.probe.accounts import NO_WAY, Caller, NoCredentials, ways
from agent.checklist.probe.exchange import caller_for
from agent.checklist.probe.requests import Request
from agent.checklist.probe.store import NoRow, Row
from agent.checklist.probe.values import to_json
from agent.checklist.running import Reply
from agent.checklist.security.jwt import Token, forgeries, read_token, signing_key
from agent.checklist.security.round import NOT_APPLICABLE, Round
from agent.contract.credentials import issues_token
from agent.receipts import Receipt

RULES: Mapping[str, str] = {
    "JWT-SHORT": "headers: `exp` and `iat` of every access token that was issued",
    "JWT-CLAIMS": "headers: claims of every token that was issued, beside the row of its user",
    "JWT-VERIFY": "headers: unsigned, altered, foreign and expired tokens at every protected operation",
}

_SHORTEST, _LONGEST = 15 * 60, 60 * 60
_SLACK = 5.0
_CLAIMS = frozenset(
    {
        "iss", "sub", "aud", "exp", "nbf", "iat", "jti",  # RFC 7519
        "scope", "client_id", "auth_time", "acr", "amr", "roles", "groups", "entitlements", "sid",  # RFC 9068, OIDC
        "typ", "type", "kind", "token_type", "token_use", "use", "fresh", "azp",
        "role", "scopes", "permissions", "tenant", "tenant_id", "version", "ver", "family", "fam",
        "id", "uid", "user", "user_id", "userId", "session_id", "sessionId", "csrf",
    }
)  # fmt: skip
"""Claims that identify, limit or authorise; what else a token says has to be looked up by whoever wants it."""
_SHOWN_LENGTH = 4
"""Shorter texts of a row may stand in a claim by chance."""
_OPAQUE = f"{NOT_APPLICABLE}the tokens that the service issues are opaque, no JSON Web Tokens"
_UNBELIEVED = f"{NO_WAY}: a token signed with its own key is refused, and what else it has to say is not known"
_NO_TOKENS = f"{NOT_APPLICABLE}no operation of the contract issues tokens"


@dataclass(frozen=True, slots=True)
class Issued:
    """A token as an answer gave it."""

    kind: str
    """`access` or `refresh`."""
    token: Token
    asked: str
    """The operation that issued it."""
    at: float
    """Unix time at which the answer came."""


async def judge_tokens(probes: Round) -> tuple[Receipt, ...]:
    """Settle what is owed about tokens. Raises `NoCredentials` and `NoRow`."""
    accounts = probes.world.binding.accounts
    if not any(issues_token(one, probes.case.contract) for one in probes.case.contract.operations):
        return await _from_elsewhere(probes)
    caller = await probes.caller("who is looked at") if accounts and accounts.login else None
    issued_at = time.time()
    if accounts is None or caller is None or not caller.token:
        return tuple(one for rule in RULES for one in probes.owing.leave(rule, _NO_TOKENS))
    texts = {"access": caller.token, "refresh": caller.refresh_token}
    read = {kind: token for kind, text in texts.items() if (token := read_token(text)) is not None}
    if "access" not in read:
        return tuple(one for rule in RULES for one in probes.owing.leave(rule, _OPAQUE))
    login = probes.login(caller).curl()
    issued = [Issued(kind, token, accounts.login or "", issued_at) for kind, token in read.items()]
    return (
        *_short(probes, [one for one in issued if one.kind == "access"], login),
        *_claims(probes, issued, probes.world.users.row(caller), caller, login),
        *await _verified(probes, read["access"]),
    )


def lifetime_problems(one: Issued) -> Iterator[str]:
    """Why an access token does not live 15 to 60 minutes."""
    expires, since = one.token.number("exp"), one.token.number("iat")
    if expires is None:
        yield f"the access token of {one.asked} never expires: it has no `exp`"
        return
    # Its own `iat` could say anything; what counts is when it came.
    seconds = expires - one.at
    if not _SHORTEST - _SLACK <= seconds <= _LONGEST + _SLACK:
        said = f", by its own `iat` {(expires - since) / 60:.1f}" if since is not None else ""
        yield f"the access token of {one.asked} lives {seconds / 60:.1f} minutes{said}; 15 to 60 are asked for"


def claim_problems(one: Issued, row: Row | None, caller: Caller) -> Iterator[str]:
    """Claims that nobody needs, and values of the user's row that a token carries about."""
    where = f"the {one.kind} token of {one.asked}"
    extra = [name for name in one.token.claims if name not in _CLAIMS and "://" not in name]
    if extra:
        yield f"{where} carries {', '.join(f'`{name}`' for name in extra)}: not needed to know who calls"
    personal = _personal(row)
    for name, value in one.token.claims.items():
        for text in _texts(value):
            if caller.password in text:
                yield f"{where} carries the password in `{name}`"
            elif name != "sub" and name not in extra and text in personal:
                yield f"{where} carries {personal[text]} of its user in `{name}`"


def _short(probes: Round, issued: list[Issued], reproduce: str) -> tuple[Receipt, ...]:
    problems = [problem for one in issued for problem in lifetime_problems(one)]
    lives = ", ".join(f"{((one.token.number('exp') or 0) - one.at) / 60:.1f} minutes" for one in issued)
    return probes.judge(
        "JWT-SHORT", problems, ran=f"{issued[0].asked}, then its token read", found=lives, reproduce=reproduce
    )


def _claims(
    probes: Round, issued: list[Issued], row: Row | None, caller: Caller, reproduce: str
) -> tuple[Receipt, ...]:
    problems = [problem for one in issued for problem in claim_problems(one, row, caller)]
    found = "; ".join(f"{one.kind}: {', '.join(one.token.claims)}" for one in issued)
    return probes.judge(
        "JWT-CLAIMS", problems, ran=f"{issued[0].asked}, then its tokens read", found=found, reproduce=reproduce
    )


async def _from_elsewhere(probes: Round) -> tuple[Receipt, ...]:
    """The same of a token that is signed as another service would, with the key that this one was started with."""
    caller = await probes.caller("who is looked at") if probes.owing.subjects("JWT-VERIFY") else None
    token = read_token(caller.token) if caller else None
    if token is None:
        why = (caller.lacking if caller else "") or f"{NO_WAY}: tokens come from elsewhere, and none can be made"
        return probes.owing.leave("JWT-VERIFY", why)
    return await _verified(probes, token, made=True)


async def _verified(probes: Round, good: Token, *, made: bool = False) -> tuple[Receipt, ...]:
    owed = set(probes.owing.subjects("JWT-VERIFY"))
    key = signing_key(good, probes.service.command.environment.values())
    receipts: list[Receipt] = []
    for bound in probes.world.binding.operations:
        if bound.operation.key in owed:
            receipts += await _verified_at(probes, bound, key, made=made)
    return tuple(receipts)


async def _verified_at(probes: Round, bound: Bound, key: bytes | None, *, made: bool) -> tuple[Receipt, ...]:
    """Bad tokens first, and then a good one, which shows that the request itself was not to blame.

    A good one that was `made` by the judge may lack what the service looks for; then its refusal shows nothing.
    """
    subject = bound.operation.key
    try:
        caller = await caller_for(probes.world, bound)
        request, _ = await probes.request(bound, caller)
        other = await probes.caller("somebody else")
    except (NoCredentials, NoRow) as error:
        return probes.judge(
            "JWT-VERIFY", [f"it could not be asked: {error}"], ran=subject, subject=subject, reproduce=""
        )
    token = read_token(caller.token) if caller else None
    if caller is None or token is None:
        return probes.judge(
            "JWT-VERIFY", ["its caller has no token"], ran=subject, subject=subject, reproduce=request.curl()
        )
    accepted: list[tuple[str, Request, Reply]] = []
    tried: list[str] = []
    for how, text in forgeries(token, _subject(other), key, probes.world.asker.chance):
        tried.append(how)
        bearer = replace(caller, token=text, cookies={}, password="", key="")
        for way in ways(bound.operation, probes.case.contract, bearer):
            reply = await probes.send(request, dict(way))
            if reply.status not in (401, 403):
                accepted.append(
                    (f"{how} in {', '.join(way)}", replace(request, headers={**request.headers, **way}), reply)
                )
    good = await probes.send(request)
    problems = [f"a token with {how} → {reply.status or 'no answer'}, expected 401" for how, _, reply in accepted]
    if made and good.status == 401 and not problems:
        return probes.owing.leave("JWT-VERIFY", _UNBELIEVED, subject=subject, ran=subject)
    if good.status in (0, 401):
        problems.append(f"a good token → {good.status or 'no answer'}: nothing was shown")
    ran = f"{subject} with {len(tried)} bad tokens: {'; '.join(tried)}"
    found = "401 or 403 for each, the good one accepted" + ("" if key else "; expired ones could not be made")
    # The token is a bad one, so it may be shown; the good one must not stand beside it.
    first = accepted[0][1].curl() if accepted else request.curl()
    return probes.judge("JWT-VERIFY", problems, ran=ran, found=found, reproduce=first, subject=subject)


def _subject(caller: Caller | None) -> Any:
    token = read_token(caller.token) if caller else None
    return token.claims.get("sub") if token else None


def _personal(row: Row | None) -> dict[str, str]:
    """Text of the user's row → its column; keys, references and what only a few values can have are left out."""
    if row is None:
        return {}
    references = {name for key in row.table.foreign_keys for name in key.columns}
    plain = {
        column.name: row.values[column.name]
        for column in row.table.columns
        if column.name in row.values
        and column.enum is None
        and column.base_type in ("text", "varchar", "citext", "bpchar")
        and column.name not in (*row.table.primary_key, *references)
    }
    return {text: name for name, value in plain.items() if len(text := str(to_json(value))) >= _SHOWN_LENGTH}


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for one in value.values():
                yield from _texts(one)
        case list():
            for one in value:
                yield from _texts(one)
