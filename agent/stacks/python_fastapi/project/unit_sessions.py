"""Unit tests of logging in and of turning refresh tokens."""

from __future__ import annotations

from collections.abc import Iterator

from agent.binding.callers import TokenPart
from agent.stacks.python_fastapi.project.fakes import value_for
from agent.stacks.python_fastapi.project.source import Code, literal
from agent.stacks.python_fastapi.project.unit_calls import (
    DUMPED,
    Place,
    UnitTest,
    body_of,
    caller_id,
    calling,
    fixtures_of,
    service_lines,
)

_PASSWORD = "Correct-horse-1-battery"
_WRONG = "Wrong-horse-1-battery"


def signed_in(place: Place) -> Iterator[UnitTest]:
    """The right password opens a session; a wrong one does not, and nobody has none."""
    accounts, known = place.shape.accounts, place.fakes[place.own].credentials
    if accounts is None or known is None:
        return
    table = place.shape.table(accounts.table)
    given = ", ".join(
        f"{one.name}=await hash_password({literal(_PASSWORD)})"
        if one.name == "password_hash"
        else f"{one.name}={value_for(place.shape, table, one)}"
        for one in known.fields
    )
    begin = (*service_lines(place, filled=True), f"{place.own}.credentials = {known.name}({given})")
    right, wrong = (calling(place, "document", body=_signing_in(place, one)) for one in (_PASSWORD, _WRONG))
    name, fixtures = f"test_{place.method.name}", fixtures_of(place, "TokenIssuer")
    checks = _tokens(place, f"{place.own}.credentials.id")
    yield UnitTest(name, "The right password opens a session.", (*begin, right, DUMPED, *checks), fixtures)
    refused = ("with pytest.raises(Unauthenticated):", f"    {wrong.partition(' = ')[2]}")
    yield UnitTest(f"{name}_with_the_wrong_password", "A wrong password opens nothing.", (*begin, *refused), fixtures)
    begin = tuple(service_lines(place, filled=True))
    yield UnitTest(f"{name}_of_nobody", "Who is not known gets nothing.", (*begin, *refused), fixtures_of(place))


def _signing_in(place: Place, password: str) -> str:
    secret = {one.property for one in place.bound.body if one.secret}
    return literal({name: password if name in secret else value for name, value in body_of(place).items()})


def refreshed(place: Place) -> Iterator[UnitTest]:
    """A refresh token gives new tokens, as long as its user is there."""
    accounts = place.shape.accounts
    if accounts is None:
        return
    owner = f"Caller(id={caller_id(place)})"
    body = literal({place.bound.presented: Code(f"tokens.issue({owner}).refresh")})
    name, fixtures = f"test_{place.method.name}", fixtures_of(place, "TokenIssuer")
    call = calling(place, "document", body=body)
    yield UnitTest(
        name,
        "A refresh token gives new tokens.",
        (*service_lines(place, filled=True), call, DUMPED, *_tokens(place, caller_id(place))),
        fixtures,
    )
    if "raise Unauthenticated" in place.method.body:
        refused = ("with pytest.raises(Unauthenticated):", f"    {call.partition(' = ')[2]}")
        lines = (*service_lines(place, filled=False), *refused)
        yield UnitTest(f"{name}_of_somebody_who_is_gone", "Who is gone gets no tokens.", lines, fixtures)


def _tokens(place: Place, owner: str) -> Iterator[str]:
    """What has to hold for the tokens in `answer`."""
    for path, part in place.bound.tokens.items():
        here = "answer" + "".join(f"[{literal(name)}]" for name in path)
        match part:
            case TokenPart.ACCESS:
                yield f"assert tokens.caller({here}).id == {owner}"
            case TokenPart.REFRESH:
                yield f'assert tokens.caller({here}, "refresh").id == {owner}'
            case TokenPart.TYPE:
                yield f'assert {here}.lower() == "bearer"'
            case TokenPart.EXPIRES:
                yield f"assert {here} > 0"
