"""What operations take and give to say who is calling: passwords, tokens, cookies, by the names of their properties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from agent.contract.model import Contract, Operation, Schema

_PASSWORDS = frozenset({"password", "passwd", "pwd", "plainpassword", "userpassword", "newpassword", "currentpassword"})
_ACCESS = frozenset({"accesstoken", "token", "jwt", "authtoken", "bearertoken", "idtoken"})
_REFRESH = frozenset({"refreshtoken", "refresh"})
_DEEPEST = 3


def takes_password(operation: Operation, contract: Contract) -> bool:
    """True when a property of the body carries a password."""
    return not _PASSWORDS.isdisjoint(_sent(operation, contract))


def takes_refresh_token(operation: Operation, contract: Contract) -> bool:
    """True when a property of the body carries a refresh token."""
    return not _REFRESH.isdisjoint(_sent(operation, contract))


def issues_token(operation: Operation, contract: Contract) -> bool:
    """True when a property of the good answer carries a token for the caller."""
    schema = operation.success.json if operation.success else None
    return operation.method == "post" and schema is not None and not _ACCESS.isdisjoint(_names(schema, contract))


def needs_token(operation: Operation, contract: Contract) -> bool:
    """True when it cannot be called without credentials, and a token may be one."""
    schemes = [contract.security_schemes.get(name) for one in operation.security for name in one]
    return operation.protected and any(
        scheme is not None and scheme.kind != "mutualTLS" and scheme.scheme.lower() not in ("basic", "digest")
        for scheme in schemes
    )


def bears_token(operation: Operation, contract: Contract) -> bool:
    """True when it cannot be called without credentials, and these may be a bearer's token, whoever issued it."""
    schemes = [contract.security_schemes.get(name) for one in operation.security for name in one]
    return operation.protected and any(
        scheme.kind in ("oauth2", "openIdConnect")
        or (scheme.kind == "http" and scheme.scheme.lower() == "bearer")
        or (scheme.location == "header" and scheme.parameter.lower() == "authorization")
        for scheme in schemes
        if scheme is not None
    )


def known_by_cookie(operation: Operation, contract: Contract) -> bool:
    """True when a cookie may say who is calling."""
    schemes = [contract.security_schemes.get(name) for one in operation.security for name in one]
    return any(scheme is not None and scheme.location == "cookie" for scheme in schemes)


def sets_cookie(operation: Operation) -> bool:
    """True when an answer is declared to set a cookie."""
    return any(name.lower() == "set-cookie" for answer in operation.answers for name in answer.headers)


def _sent(operation: Operation, contract: Contract) -> frozenset[str]:
    """Names of the body's own properties, in every media type."""
    bodies = operation.body.content.values() if operation.body else ()
    return frozenset(name for schema in bodies for name, _ in _properties(schema, contract))


def _names(schema: Schema, contract: Contract, depth: int = 0) -> frozenset[str]:
    """Names of properties that may be text, also of objects inside."""
    found: set[str] = set()
    for name, value in _properties(schema, contract):
        kind = contract.resolve(value).get("type")
        if kind in (None, "string") or (isinstance(kind, list) and "string" in kind):
            found.add(name)
        if depth < _DEEPEST:
            found |= _names(value, contract, depth + 1)
    return frozenset(found)


def _properties(schema: Schema, contract: Contract) -> Iterator[tuple[str, Schema]]:
    """Name without case and signs, and schema, of the properties of an object and of all that it is composed of."""
    parts, seen = [schema], 0
    while parts and seen < 50:
        resolved, seen = contract.resolve(parts.pop()), seen + 1
        properties = resolved.get("properties", {})
        for name, value in properties.items() if isinstance(properties, Mapping) else ():
            if isinstance(value, Mapping):
                yield _plain(str(name)), value
        for keyword in ("allOf", "anyOf", "oneOf"):
            inner = resolved.get(keyword, ())
            parts += [one for one in inner if isinstance(one, Mapping)] if isinstance(inner, list | tuple) else []


@cache
def _plain(name: str) -> str:
    """`access_token` and `accessToken` are one word here."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())
