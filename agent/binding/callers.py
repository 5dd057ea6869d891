"""How callers are known: what they come with, and where that is looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class TokenPart(StrEnum):
    """What a property of a login's answer carries."""

    ACCESS = "access"
    REFRESH = "refresh"
    TYPE = "type"
    """Always `bearer`, spelt as the contract's enum spells it."""
    EXPIRES = "expires"
    """Seconds until the access token expires."""


class Proof(StrEnum):
    """How callers prove who they are."""

    TOKEN = "token"
    """An access token of the service's own, as bearer."""
    PASSWORD = "password"
    """Login and password of a user, with every request: HTTP basic."""
    KEY = "key"
    """An API key, in a header, a query parameter or a cookie."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """Where callers come from: the table of users, and how they log in."""

    table: str
    id_column: str
    login_column: str
    """Usually `email` or `username`."""
    password_column: str
    """Holds the argon2 hash."""
    scheme: str
    """The security scheme's name in the contract."""
    role_column: str | None = None
    register: str | None = None
    """Operation key: `POST /auth/register`."""
    login: str | None = None
    refresh: str | None = None
    access_token: tuple[str, ...] = ("access_token",)
    """Where the login's answer carries the token."""
    refresh_token: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    """Where API keys are known from: a table, else a setting that lists them."""

    table: str = ""
    """Empty: there is none."""
    id_column: str = ""
    hash_column: str = ""
    """Holds the SHA-256 of a key in hexadecimal digits."""
    owner_column: str = ""
    """Refers to the user whose key it is; empty: a key names no user."""
    ends: tuple[str, ...] = ()
    """Columns with a moment from which on the key opens nothing."""
    switches: Mapping[str, bool] = field(default_factory=dict)
    """Column → what it holds as long as the key opens something."""
