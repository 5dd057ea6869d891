"""Callers: users that were registered and logged in through the contract's own operations."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.contract.model import Contract, Operation, SecurityScheme


@dataclass(frozen=True, slots=True)
class Caller:
    """A user that can call protected operations."""

    login: str
    password: str = field(repr=False)
    id: Any
    """The user's key as the database has it."""
    token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What logging in has set."""
    key: str = field(default="", repr=False)
    """An API key."""
    lacking: str = ""
    """Why it has not got everything that operations may ask for."""

    @property
    def secrets(self) -> frozenset[str]:
        """What no receipt may show."""
        return frozenset(
            text for text in (self.password, self.token, self.refresh_token, self.key, *self.cookies.values()) if text
        )


NO_WAY = "no way is known to get credentials that it would accept"
"""What receipts say about a service of somebody else's that keeps them in a way of its own."""


class NoCredentials(Exception):
    """Nobody can be logged in; the message says at which step it ended."""


def credentials(operation: Operation, contract: Contract, caller: Caller | None) -> Mapping[str, str]:
    """Headers that let this caller call the operation; empty where it needs none. `?name` is a query parameter.

    Raises `NoCredentials` when the operation asks for a kind that the caller has not got.
    """
    if not operation.protected:
        return {}
    for headers in ways(operation, contract, caller):
        return headers
    wanted = " or ".join(" and ".join(sorted(alternative)) for alternative in operation.security)
    lacking = (caller.lacking if caller else "") or "no user could get that"
    raise NoCredentials(f"{operation.key} needs {wanted}, and {lacking}")


def ways(operation: Operation, contract: Contract, caller: Caller | None) -> Iterator[Mapping[str, str]]:
    """The headers of each alternative that the caller can meet, in the contract's order."""
    for alternative in operation.security:
        parts = [_header(name, contract, caller) for name in sorted(alternative)]
        if alternative and all(part is not None for part in parts):
            yield {name: value for part in parts if part for name, value in part.items()}


def password(chance: random.Random) -> str:
    """A password that common complexity rules accept: both cases, digits, a sign, 20 characters."""
    return f"Aa1!{chance.getrandbits(64):016x}"


def _header(name: str, contract: Contract, caller: Caller | None) -> dict[str, str] | None:
    scheme = contract.security_schemes.get(name)
    if scheme is None or caller is None:
        return None
    if scheme.kind == "http" and scheme.scheme.lower() == "basic":
        if not caller.password:
            return None
        pair = base64.b64encode(f"{caller.login}:{caller.password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}
    if scheme.kind == "apiKey" and caller.key:
        return _placed(scheme, caller.key)
    if scheme.location == "cookie":
        value = caller.cookies.get(scheme.parameter, caller.token)
        return {"Cookie": f"{scheme.parameter}={value}"} if value else None
    if not caller.token:
        return None
    if scheme.kind == "apiKey":
        match scheme.location:
            case "header":
                return {scheme.parameter: caller.token}
            case _:
                return None
    return {"Authorization": f"Bearer {caller.token}"} if scheme.kind != "mutualTLS" else None


def _placed(scheme: SecurityScheme, key: str) -> dict[str, str]:
    match scheme.location:
        case "query":
            return {f"?{scheme.parameter}": key}
        case "cookie":
            return {"Cookie": f"{scheme.parameter}={key}"}
    return {scheme.parameter: key}
