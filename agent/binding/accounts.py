"""Where callers come from."""

from __future__ import annotations

from agent.binding.callers import Accounts, Proof, TokenPart
from agent.binding.inputs import Inputs
from agent.binding.model import Action, Bound
from agent.binding.proofs import proofs_of
from agent.binding.words import snake


def accounts_of(inputs: Inputs, bounds: tuple[Bound, ...]) -> Accounts | None:
    """Where callers come from; None when nobody logs in and nothing asks who calls."""
    users = inputs.users
    proofs = proofs_of(inputs.contract)
    schemes = sorted(proofs)
    used = [name for one in bounds for names in one.operation.security for name in sorted(names) if name in schemes]
    if users is None or not schemes:
        return None
    login = _first(bounds, Action.LOGIN)
    named = [field.column for field in login.body if not field.secret] if login else []
    tokens = {part: path for path, part in login.tokens.items()} if login else {}
    register, refresh = _first(bounds, Action.REGISTER), _first(bounds, Action.REFRESH)
    return Accounts(
        table=users.table.name,
        id_column=users.id.name,
        login_column=named[0] if named else users.login,
        password_column=users.password.name,
        scheme=min(used or schemes, key=lambda name: proofs[name] is not Proof.TOKEN),
        role_column=next((column.name for column in users.rights if snake(column.name).startswith("role")), None),
        register=register.operation.key if register else None,
        login=login.operation.key if login else None,
        refresh=refresh.operation.key if refresh else None,
        access_token=tokens.get(TokenPart.ACCESS, ("access_token",)),
        refresh_token=tokens.get(TokenPart.REFRESH),
    )


def _first(bounds: tuple[Bound, ...], action: Action) -> Bound | None:
    """The first operation of that kind, those with JSON bodies before forms."""
    found = [one for one in bounds if one.action is action]
    found.sort(key=lambda one: one.operation.body is None or one.operation.body.json is None)
    return found[0] if found else None
