"""JWT-REFRESH: refresh tokens change at each use, and a used one opens nothing, also when two use it at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from agent.binding.callers import Accounts, TokenPart
from agent.binding.model import Action, Bound
from agent.checklist.probe.accounts import Caller
from agent.checklist.probe.judging import excerpt
from agent.checklist.probe.requests import Request
from agent.checklist.probe.users import token_in
from agent.checklist.probe.volleys import at_once
from agent.checklist.running import Reply
from agent.checklist.security.round import NOT_APPLICABLE, Round, sequence
from agent.receipts import Receipt

RULES: Mapping[str, str] = {
    "JWT-REFRESH": "headers: a refresh token used twice, at once and one after the other",
}

_AT_ONCE = 6
_NO_BODY = f"{NOT_APPLICABLE}no operation takes a refresh token in its body, as far as can be told"


async def judge_refreshing(probes: Round) -> tuple[Receipt, ...]:
    """Settle what is owed about refresh tokens. Raises `NoCredentials` and `NoRow`."""
    binding = probes.world.binding
    accounts = binding.accounts
    refresh = binding.bound(accounts.refresh) if accounts and accounts.refresh else None
    if accounts is None or refresh is None or not refresh.presented or not accounts.refresh_token:
        return probes.owing.leave("JWT-REFRESH", _NO_BODY)
    path = next((path for path, part in refresh.tokens.items() if part is TokenPart.REFRESH), None)
    if path is None:
        problem = f"{refresh.operation.key} answers no new refresh token, so none can take the place of the used one"
        return probes.owing.blame_input("JWT-REFRESH", [problem], subject="service", ran=refresh.operation.key)
    problems: list[str] = []
    used = await _in_turn(probes, accounts, refresh, path, problems)
    await _at_once(probes, refresh, problems)
    await _after_logout(probes, refresh, problems)
    return probes.judge(
        "JWT-REFRESH",
        problems,
        ran=f"{refresh.operation.key} in turn, with a used token, with {_AT_ONCE} at once, after logging out",
        found="a new token each time, used ones refused, one of those at once accepted",
        reproduce=sequence(used.curl(), "# then the same line again, with the same token"),
    )


async def _in_turn(
    probes: Round, accounts: Accounts, refresh: Bound, path: tuple[str, ...], problems: list[str]
) -> Request:
    """Use a token, use it again, and use what was got for it; the request that was sent twice."""
    key = refresh.operation.key
    caller = await _newcomer(probes, "who refreshes")
    request = _request(probes, refresh, caller, caller.refresh_token)
    first = await probes.send(request)
    second_token, access = token_in(first, path), token_in(first, _access(refresh, accounts))
    if not _good(first) or not second_token:
        problems.append(f"{key} with the token of a login → {_told(first)}")
        return request
    if second_token == caller.refresh_token:
        problems.append(f"{key} answers the refresh token that was sent: it is not changed")
    if access and await _opens(probes, replace(caller, token=access)) is False:
        problems.append(f"the access token that {key} answered opens nothing")
    third = await probes.send(_request(probes, refresh, caller, second_token))
    if not _good(third):
        problems.append(f"{key} with the token that it answered → {_told(third)}")
    again = await probes.send(request)
    if _good(again):
        problems.append(f"{key} with a token that was used before → {again.status}, expected 401")
    wrong = await probes.send(_request(probes, refresh, caller, caller.token))
    if _good(wrong):
        problems.append(f"{key} with an access token → {wrong.status}, expected 401")
    if await _opens(probes, replace(caller, token=second_token)):
        problems.append("a refresh token opens protected operations, as if it were an access token")
    return request


async def _at_once(probes: Round, refresh: Bound, problems: list[str]) -> None:
    """The same token several times at once is good for one of them."""
    caller = await _newcomer(probes, "who refreshes at once")
    request = _request(probes, refresh, caller, caller.refresh_token)
    replies = await at_once(probes.service, request, _AT_ONCE)
    accepted = sum(map(_good, replies))
    if accepted > 1:
        problems.append(
            f"{refresh.operation.key} {_AT_ONCE} times at once with one token: {accepted} were accepted, expected 1"
        )


async def _after_logout(probes: Round, refresh: Bound, problems: list[str]) -> None:
    """A refresh token that was sent to the logout opens nothing afterwards."""
    logout = next((one for one in probes.world.binding.operations if one.action is Action.LOGOUT), None)
    if logout is None or not logout.presented:
        return
    caller = await _newcomer(probes, "who logs out")
    await probes.send(_request(probes, logout, caller, caller.refresh_token))
    reply = await probes.send(_request(probes, refresh, caller, caller.refresh_token))
    if _good(reply):
        problems.append(f"{refresh.operation.key} after {logout.operation.key} → {reply.status}, expected 401")


async def _newcomer(probes: Round, name: str) -> Caller:
    caller = await probes.caller(name)
    assert caller is not None
    return caller


def _request(probes: Round, bound: Bound, caller: Caller, token: str) -> Request:
    request = probes.world.asker.request(bound.operation, caller=caller, path_values={}, body={bound.presented: token})
    return replace(request, secrets=request.secrets | {token})


def _access(refresh: Bound, accounts: Accounts) -> tuple[str, ...]:
    return next((path for path, part in refresh.tokens.items() if part is TokenPart.ACCESS), accounts.access_token)


async def _opens(probes: Round, caller: Caller) -> bool | None:
    """Whether a token is accepted by a protected operation that only reads; None when there is none to ask."""
    for bound in probes.world.binding.operations:
        operation = bound.operation
        if operation.protected and operation.method == "get" and "{" not in operation.path and not bound.hole:
            reply = await probes.send(probes.world.asker.request(operation, caller=caller, path_values={}))
            return reply.status not in (0, 401, 403)
    return None


def _good(reply: Reply) -> bool:
    return 200 <= reply.status < 300


def _told(reply: Reply) -> str:
    return f"{reply.status or 'no answer'} {excerpt(reply) if not _good(reply) else ''}".strip()
