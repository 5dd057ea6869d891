"""Registering, logging in and out, refreshing, and the caller's own account."""

from __future__ import annotations

from agent.binding.callers import Accounts, TokenPart
from agent.binding.model import Action
from agent.stacks.python_fastapi.blueprint.answers import Underivable, nested
from agent.stacks.python_fastapi.blueprint.deriving import Deriving, key_condition, property_schema, written_values
from agent.stacks.python_fastapi.blueprint.operations import call
from agent.stacks.python_fastapi.blueprint.repositories import Method, Repository
from agent.stacks.python_fastapi.blueprint.text import literal


def session_steps(one: Deriving) -> None:
    """Fill the steps of an operation that deals with accounts."""
    accounts = one.plan.accounts
    if accounts is None:
        raise Underivable("there is no table of accounts")
    match one.bound.action:
        case Action.REGISTER:
            _register(one, accounts)
        case Action.LOGIN:
            _login(one, accounts)
        case Action.REFRESH:
            _refresh(one, accounts)
        case Action.LOGOUT:
            _logout(one)
        case _:
            _me(one, accounts)


def _users(one: Deriving, accounts: Accounts) -> Repository:
    repository = one.plan.repository(one.resource, accounts.table)
    repository.login = (accounts.id_column, accounts.login_column, accounts.password_column)
    return repository


def _register(one: Deriving, accounts: Accounts) -> None:
    users = _users(one, accounts)
    one.steps.write = call(one.target(users, users.add(Method("create", "create"))), (written_values(one, {}),))
    if one.bound.tokens:
        one.resource.uses_tokens = True
        caller = one.plan.reading(accounts.table).value(accounts.id_column)
        one.steps.between.append(f"tokens = {_opened(one, f'Caller(id=row.{caller})')}")
    one.steps.answer = one.validated(_session_answer(one))


def _login(one: Deriving, accounts: Accounts) -> None:
    users = _users(one, accounts)
    users.add(Method("credentials", "find_credentials"))
    body = one.values()
    login = next((item for item in one.bound.body if not item.secret), None)
    password = next((item for item in one.bound.body if item.secret), None)
    if login is None or password is None:
        raise Underivable("its body does not carry both a name and a password")
    one.steps.before += [
        f"known = await self._{users.attribute}.find_credentials({body.plain(login)})",
        f"matches = await verify_password({body.plain(password)}, known.password_hash if known else None)",
        "if known is None or not matches:",
        '    raise Unauthenticated("The credentials are wrong.")',
        f"tokens = {_opened(one, 'Caller(id=known.id)')}",
    ]
    one.resource.uses_tokens = True
    _own_row(one, accounts, "known.id")
    one.steps.answer = one.validated(_session_answer(one))


def _refresh(one: Deriving, accounts: Accounts) -> None:
    users = _users(one, accounts)
    one.resource.uses_tokens = True
    rotates = one.plan.binding.rotates and bool(one.bound.presented)
    if rotates:
        token = one.values().at(one.bound.presented)
        one.steps.before.append(f"caller, tokens = await self._sessions.renew({token})")
    elif one.bound.presented:
        token = one.values().at(one.bound.presented)
        one.steps.before.append(f'caller = self._tokens.caller({token}, "refresh")')
    else:
        one.caller()
    method = users.keyed("exists", (key_condition(one.plan, accounts.table, accounts.id_column),))
    one.steps.before += [
        f"if not await {call(one.target(users, method), ('caller.id',))}:",
        "    raise Unauthenticated",
        *([] if rotates else [f"tokens = {_opened(one, 'caller')}"]),
    ]
    _own_row(one, accounts, "caller.id")
    one.steps.answer = one.validated(_session_answer(one))


def _logout(one: Deriving) -> None:
    if one.bound.presented:
        one.resource.uses_tokens = True
        token = one.values().at(one.bound.presented)
        ends = f"await self._sessions.close({token})"
        one.steps.before.append(ends if one.plan.binding.rotates else f'self._tokens.caller({token}, "refresh")')
    one.steps.answer = one.validated("{}")


def _me(one: Deriving, accounts: Accounts) -> None:
    one.caller()
    _own_row(one, accounts, "caller.id")
    one.steps.answer = one.validated(nested({one.bound.envelope.data: one.answered()}))


def _opened(one: Deriving, caller: str) -> str:
    """The expression that gives the first tokens of a session."""
    return f"await self._sessions.open({caller})" if one.plan.binding.rotates else f"self._tokens.issue({caller})"


def _own_row(one: Deriving, accounts: Accounts, identifier: str) -> None:
    """Read the caller's own row, where the answer shows it; an account that is gone is no account."""
    if not one.bound.answer:
        return
    users = _users(one, accounts)
    method = users.keyed("find", (key_condition(one.plan, accounts.table, accounts.id_column),))
    one.steps.before += [
        f"row = await {call(one.target(users, method), (identifier,))}",
        "if row is None:",
        "    raise Unauthenticated",
    ]


def _session_answer(one: Deriving) -> str:
    bound = one.bound
    values: dict[tuple[str, ...], str] = {}
    if bound.answer:
        values[bound.envelope.data] = one.answered()
    for path, part in bound.tokens.items():
        values[path] = _token(one, path, part)
    return nested(values) if values else "{}"


def _token(one: Deriving, path: tuple[str, ...], part: TokenPart) -> str:
    match part:
        case TokenPart.ACCESS:
            return "tokens.access"
        case TokenPart.REFRESH:
            return "tokens.refresh"
        case TokenPart.EXPIRES:
            return "tokens.expires_in"
    return literal(_spelt_bearer(one, path))


def _spelt_bearer(one: Deriving, path: tuple[str, ...]) -> str:
    success = one.bound.operation.success
    schema = (success.json if success else None) or {}
    for part in path:
        schema = property_schema(one.plan.contract, one.plan.contract.resolve(schema), part) or {}
    schema = one.plan.contract.resolve(schema)
    allowed = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
    return next((str(value) for value in allowed if str(value).lower() == "bearer"), "bearer")
