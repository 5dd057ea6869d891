"""Integration tests of becoming a user, signing in and staying signed in."""

from __future__ import annotations

from collections.abc import Iterator

from agent.binding.callers import Accounts, TokenPart
from agent.binding.model import Action, Bound
from agent.stacks.python_fastapi.project.arrangement import Arrangement
from agent.stacks.python_fastapi.project.comparing import shown
from agent.stacks.python_fastapi.project.scenario import Scenario, answer_path, ask, main_status, name_of, sender
from agent.stacks.python_fastapi.project.shape import Shape
from agent.stacks.python_fastapi.project.source import Code, identifier, literal
from agent.stacks.python_fastapi.project.writing import assigned, creating, request_body

_CHANGED = 12
"""Which example values change an account."""
_PASSWORD = "Correct-horse-1-battery"
_WRONG = "Wrong-horse-1-battery"


def registering(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    """As creating; and the password comes back nowhere."""
    secrets = [field.property for field in bound.body if field.secret]
    for number, scenario in enumerate(creating(shape, bound)):
        silent = [f"assert body[{literal(name)}] not in response.text" for name in secrets]
        checks = [*scenario.checks, *(silent if number == 0 else ())]
        yield Scenario(scenario.name, scenario.summary, scenario.arrange, scenario.request, scenario.status, checks)


def signing_in(shape: Shape, bound: Bound, accounts: Accounts) -> Iterator[Scenario]:
    """The right password gives tokens of that user; anything else gives none."""
    yield Scenario(
        name_of(bound),
        "The right password gives tokens of that user.",
        [*_member(shape, accounts), f"body = {_credentials(shape, bound, accounts, _PASSWORD)}"],
        ask(shape, bound, {}, body=Code("body")),
        main_status(bound),
        list(_tokens(bound, accounts)),
    )
    yield Scenario(
        f"{name_of(bound)}_with_the_wrong_password",
        "A wrong password gives nothing.",
        [*_member(shape, accounts, used=False), f"body = {_credentials(shape, bound, accounts, _WRONG)}"],
        ask(shape, bound, {}, body=Code("body")),
        401,
    )
    yield Scenario(
        f"{name_of(bound)}_of_nobody",
        "Nobody of that name gets nothing, and learns nothing else.",
        [f"body = {_credentials(shape, bound, accounts, _PASSWORD)}"],
        ask(shape, bound, {}, body=Code("body")),
        401,
    )


def refreshing(shape: Shape, bound: Bound, accounts: Accounts) -> Iterator[Scenario]:
    """A refresh token gives new tokens; an access token does not."""
    if not bound.presented:
        return
    member = f"Caller(id=member[{literal(accounts.id_column)}])"
    good, wrong = f"{_issued(shape, member)}.refresh", f"{_issued(shape, member)}.access"
    for name, summary, token, status, checks in (
        (name_of(bound), "A refresh token gives new tokens.", good, main_status(bound), _tokens(bound, accounts)),
        (f"{name_of(bound)}_with_an_access_token", "An access token refreshes nothing.", wrong, 401, ()),
    ):
        yield Scenario(
            name,
            summary,
            [*_member(shape, accounts), f"body = {literal({bound.presented: Code(token)})}"],
            ask(shape, bound, {}, body=Code("body"), headers=sender(shape, bound)),
            status,
            list(checks),
        )
    if shape.binding.rotates:
        yield from _used_up(shape, bound, accounts, good)
    yield Scenario(
        f"{name_of(bound)}_with_a_made_up_token",
        "What was not signed here refreshes nothing.",
        [f"body = {literal({bound.presented: 'made.up.token'})}"],
        ask(shape, bound, {}, body=Code("body"), headers=sender(shape, bound)),
        401,
    )


def _used_up(shape: Shape, bound: Bound, accounts: Accounts, token: str) -> Iterator[Scenario]:
    """A token is good once, and when it comes again, what was got for it is worthless too."""
    following = next(path for path, part in bound.tokens.items() if part is TokenPart.REFRESH)
    place = "response.json()" + "".join(f"[{literal(name)}]" for name in following)
    again = ask(shape, bound, {}, body=Code("body"), headers=sender(shape, bound))
    later = ask(shape, bound, {}, body=Code("later"), headers=sender(shape, bound))
    yield Scenario(
        f"{name_of(bound)}_twice_with_one_token",
        "A refresh token that comes again ends its session.",
        [
            *_member(shape, accounts),
            f"body = {literal({bound.presented: Code(token)})}",
            f"response = {again}",
            f"later = {literal({bound.presented: Code(place)})}",
        ],
        again,
        401,
        [f"assert ({later}).status_code == 401"],
    )


def signing_out(shape: Shape, bound: Bound, accounts: Accounts) -> Iterator[Scenario]:
    """It is answered as the contract says."""
    member = f"Caller(id=member[{literal(accounts.id_column)}])"
    token = Code(f"{_issued(shape, member)}.refresh")
    body = literal({bound.presented: token}) if bound.presented else ""
    yield Scenario(
        name_of(bound),
        "The session ends.",
        [*_member(shape, accounts), f"body = {body}"] if body else [],
        ask(shape, bound, {}, body=Code("body") if body else None, headers=sender(shape, bound)),
        main_status(bound),
    )


def gone(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    """A token of somebody who is not there any more opens nothing."""
    nobody = f"Caller(id={shape.nobody})"
    presented = bound.action is Action.REFRESH and bool(bound.presented)
    body = literal({bound.presented: Code(f"{_issued(shape, nobody)}.refresh")}) if presented else ""
    lines = [] if presented else [f"token = tokens.issue({nobody}).access"]
    lines += [f"body = {body}"] if presented else _change(shape, bound)
    yield Scenario(
        f"{name_of(bound)}_of_somebody_who_is_gone",
        "A token of somebody who is not there any more opens nothing.",
        lines,
        ask(
            shape,
            bound,
            {},
            body=Code("body") if presented or bound.body else None,
            headers="" if presented else '{"Authorization": f"Bearer {token}"}',
        ),
        401,
    )


def _change(shape: Shape, bound: Bound) -> list[str]:
    """The body with which the caller's own account is changed."""
    made = Arrangement(shape)
    body = request_body(shape, bound, made, {}, _CHANGED) if bound.body else {}
    return [*made.lines, assigned(body)] if body else []


def introducing(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    """The caller is answered as stored."""
    yield Scenario(
        name_of(bound),
        "The caller is answered as stored.",
        [],
        ask(shape, bound, {}, headers=sender(shape, bound)),
        main_status(bound),
        [f"data = {answer_path(bound)}", *shown(shape, bound, "data", "user", {})],
    )


ACTIONS = (Action.REGISTER, Action.LOGIN, Action.REFRESH, Action.LOGOUT, Action.ME)
"""What this module has tests for."""


def _member(shape: Shape, accounts: Accounts, *, used: bool = True) -> list[str]:
    table = shape.table(accounts.table)
    given = {
        accounts.login_column: Code(literal(_login(shape, accounts))),
        accounts.password_column: Code(f"await hash_password({literal(_PASSWORD)})"),
    }
    call = Arrangement(shape).call(table, given)
    return [f"member = {call}" if used else call]


def _issued(shape: Shape, caller: str) -> str:
    """The expression for the first tokens of a caller's session."""
    return f"(await sessions.open({caller}))" if shape.binding.rotates else f"tokens.issue({caller})"


def signing(shape: Shape, accounts: Accounts) -> str:
    """The arguments of the factory that make a user who can send the password `PASSWORD`."""
    login, hashed = identifier(accounts.login_column), identifier(accounts.password_column)
    return f"{login}={literal(_login(shape, accounts, 12))}, {hashed}=await hash_password(PASSWORD)"


def _login(shape: Shape, accounts: Accounts, number: int = 11) -> str:
    table = shape.table(accounts.table)
    column = table.column(accounts.login_column)
    return str(shape.values.of_column(table, column, number)) if column else f"person{number}@example.com"


def _credentials(shape: Shape, bound: Bound, accounts: Accounts, password: str) -> str:
    body: dict[str, object] = {}
    properties = shape.properties(shape.body_schema(bound) or {})
    fields = {field.property: field for field in bound.body}
    for name in properties:
        field = fields.get(name)
        if field is not None:
            body[name] = password if field.secret else _login(shape, accounts)
        elif name in (shape.body_schema(bound) or {}).get("required", ()):
            body[name] = shape.values.of_schema(properties[name], name, 1)
    return literal(body)


def _tokens(bound: Bound, accounts: Accounts) -> Iterator[str]:
    for path, part in bound.tokens.items():
        place = "response.json()" + "".join(f"[{literal(name)}]" for name in path)
        match part:
            case TokenPart.ACCESS:
                yield f"assert tokens.caller({place}).id == member[{literal(accounts.id_column)}]"
            case TokenPart.REFRESH:
                yield f'assert tokens.caller({place}, "refresh").id == member[{literal(accounts.id_column)}]'
            case TokenPart.TYPE:
                yield f'assert {place}.lower() == "bearer"'
            case TokenPart.EXPIRES:
                yield f"assert {place} == settings.access_token_minutes * 60"
