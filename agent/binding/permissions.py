"""Who may call an operation at all, as far as contract and schema say it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from agent.binding.callers import Proof
from agent.binding.columns import alone_unique
from agent.binding.inputs import Inputs, Users, why_no_users
from agent.binding.proofs import proofs_of
from agent.binding.reasons import Undecided
from agent.contract.credentials import issues_token, sets_cookie
from agent.contract.model import Operation

_PRIVILEGED = ("admin", "administrator", "superuser", "moderator", "staff", "operator", "superadmin")
_RESTRICTS = re.compile(
    r"\b(only|must|requires?|required|restricted|reserved|limited|privileges?|permissions?)\b", re.IGNORECASE
)


def demand_permission(inputs: Inputs, operation: Operation) -> None:
    """Raise `Undecided` when nothing says how a caller is known, or which callers may do this."""
    if not operation.protected:
        return
    known = proofs_of(inputs.contract)
    proofs = {known[name] for names in operation.security if len(names) == 1 for name in names if name in known}
    if not proofs:
        name, *others = sorted(operation.security[0])
        if others:
            together = " and ".join(f"`{one}`" for one in (name, *others))
            raise Undecided(f"callers need {together} at once, and only one scheme at a time is derived")
        scheme = inputs.contract.security_schemes.get(name)
        kind = (scheme.scheme or scheme.kind) if scheme else "unknown"
        ways = "bearer tokens, HTTP basic and API keys"
        raise Undecided(f"callers are known by `{name}` ({kind}), and only {ways} are derived")
    if inputs.users is None and Proof.KEY not in proofs:
        raise Undecided(f"callers must be known, and {why_no_users(inputs.catalog)}")
    if Proof.PASSWORD in proofs and inputs.users is not None:
        _demand_login(inputs.users)
    if inputs.corrections.of(operation.key).callers:
        return
    scopes = _scopes(inputs, operation)
    if scopes and not scopes_of(inputs, operation):
        raise Undecided(f"callers need {' and '.join(f'`{scope}`' for scope in scopes)}, and nothing says who has that")
    sentence = _restriction(inputs, operation)
    if sentence:
        raise Undecided(f"only some callers may do this (“{sentence}”), and nothing says how they are told")


def scopes_of(inputs: Inputs, operation: Operation) -> tuple[str, ...]:
    """The scopes that a caller's token must name: where tokens come from elsewhere, who issues them says so in them.

    Empty where no caller needs any, where a person says that whoever is logged in may call it, and where nothing tells
    who has them: a login of the contract itself would have to know, and so would what callers come with beside tokens.
    """
    asked = _asked(inputs, operation)
    known = proofs_of(inputs.contract)
    tokens = all(len(one) == 1 and known.get(name) is Proof.TOKEN for one in asked for name in one)
    same = len({tuple(sorted(scopes)) for one in asked for scopes in one.values()}) == 1
    elsewhere = not any(issues_token(one, inputs.contract) or sets_cookie(one) for one in inputs.contract.operations)
    corrected = inputs.corrections.of(operation.key).callers
    return tuple(_scopes(inputs, operation)) if tokens and same and elsewhere and not corrected else ()


def demands_of(inputs: Inputs, operation: Operation) -> tuple[tuple[str, ...], ...]:
    """The scopes of each alternative that a token alone is enough for, whoever issues it.

    Empty where any token is enough: one alternative asks for no scope, or a person says so.
    """
    if not operation.protected or inputs.corrections.of(operation.key).callers:
        return ()
    known = proofs_of(inputs.contract)
    alone = [one for one in _asked(inputs, operation) if len(one) == 1 and known.get(min(one)) is Proof.TOKEN]
    found = dict.fromkeys(tuple(sorted(set(scopes))) for one in alone for scopes in one.values())
    return tuple(found) if all(found) else ()


def _demand_login(users: Users) -> None:
    if users.login not in alone_unique(users.table):
        raise Undecided(f"nothing says which unique column of `{users.table.name}` callers are known by")


def _scopes(inputs: Inputs, operation: Operation) -> list[str]:
    """The scopes or roles that every alternative of the operation's security asks for."""
    alternatives = [sorted({scope for scopes in one.values() for scope in scopes}) for one in _asked(inputs, operation)]
    return next(iter(alternatives), []) if all(alternatives) else []


def _asked(inputs: Inputs, operation: Operation) -> Sequence[Mapping[str, Sequence[str]]]:
    """The alternatives of the operation's security as the document says them: scheme → scopes."""
    path = inputs.contract.document.get("paths", {}).get(operation.path, {})
    stated = path.get(operation.method, {}) if isinstance(path, Mapping) else {}
    return stated.get("security", inputs.contract.document.get("security")) or []


def _restriction(inputs: Inputs, operation: Operation) -> str:
    """The sentence that keeps the operation for some callers, empty when there is none."""
    names = [*_PRIVILEGED, *_role_names(inputs)]
    privileged = re.compile(rf"\b({'|'.join(map(re.escape, names))})s?\b", re.IGNORECASE)
    sentences = re.split(r"[.;\n]+", f"{operation.summary}\n{operation.description}")
    return next((one.strip() for one in sentences if privileged.search(one) and _RESTRICTS.search(one)), "")


def _role_names(inputs: Inputs) -> list[str]:
    """The roles that the schema lists, but for the one that users have unless somebody gives them another."""
    rights = inputs.users.rights if inputs.users else ()
    listed = [(column.default or "", inputs.catalog.enum(column.enum)) for column in rights if column.enum]
    return [value for default, enum in listed if enum for value in enum.values if f"'{value}'" not in default]
