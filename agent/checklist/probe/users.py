"""Users that call the API: registered and logged in through its own operations, else written into the database."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

from agent.binding.callers import Accounts, Proof
from agent.binding.model import Binding, Bound
from agent.catalog.model import Catalog
from agent.checklist.probe.accounts import NO_WAY, Caller, NoCredentials, password
from agent.checklist.probe.asking import Asker, answered
from agent.checklist.probe.judging import excerpt
from agent.checklist.probe.keys import key_of
from agent.checklist.probe.requests import body_schema
from agent.checklist.probe.store import Row
from agent.checklist.running import Reply
from agent.checklist.security.jwt import signed
from agent.stacks.base import KEY_SETTINGS, TOKEN_SETTING

_LASTING = 3_600
"""Seconds for which a token is good that the probe signs itself."""
_NOBODY = Caller("", "", None)
_FAR = datetime(2199, 1, 1, tzinfo=UTC)
_MIGHTY = ("admin", "owner", "super", "manager", "staff", "editor", "agent")


@dataclass(slots=True)
class Users:
    """The callers of one probe, made when they are first needed and kept by a name."""

    asker: Asker
    binding: Binding
    catalog: Catalog
    _known: dict[str, Caller] = field(default_factory=dict)
    made: list[Caller] = field(default_factory=list, repr=False)
    """Everybody who was made up, those who never logged in among them."""

    async def caller(self, name: str = "first", *, role: str | None = None) -> Caller | None:
        """A logged-in user with an API key where there are any, the same for the same name; None for an API without.

        Raises `NoCredentials` when nobody can be registered or logged in.
        """
        accounts = self.binding.accounts
        if accounts is None and self.binding.keys is None:
            return None
        if name not in self._known:
            self._known[name] = await self._newcomer(accounts, role) if accounts else self._holding(_NOBODY)
        return self._known[name]

    async def member(self) -> Caller | None:
        """Somebody who is registered and not logged in; None where the API knows no users. Raises `NoCredentials`."""
        accounts = self.binding.accounts
        if accounts is None:
            return None
        if accounts.register is None:
            made = self._seeded(accounts)
        else:
            made = await self._registered(accounts, self.binding.bound(accounts.register))
        self.made.append(made)
        return made

    def roles(self) -> tuple[str, ...]:
        """The roles that a user could be given, the mightiest-sounding first."""
        accounts = self.binding.accounts
        table = self.catalog.table(accounts.table) if accounts else None
        column = table.column(accounts.role_column) if accounts and table and accounts.role_column else None
        if column is None:
            return ()
        enum = self.catalog.enum(column.enum) if column.enum else None
        return tuple(sorted(enum.values if enum else _MIGHTY[:1], key=_might))

    def row(self, caller: Caller | None) -> Row | None:
        """The row of a user."""
        accounts = self.binding.accounts
        table = self.catalog.table(accounts.table) if accounts else None
        if caller is None or accounts is None or table is None:
            return None
        if caller.id is not None:
            return self.asker.store.find(table, {accounts.id_column: caller.id})
        found = self.asker.store.find(table, {accounts.login_column: caller.login})
        return found or self.asker.store.find(table, {accounts.login_column: caller.login.lower()})

    def registration(self, bound: Bound, body: Any) -> Caller | None:
        """The user that a registration's body describes, None when it has no login or no password."""
        accounts = self.binding.accounts
        if accounts is None or not isinstance(body, dict):
            return None
        login = next((body.get(one.property) for one in bound.body if one.column == accounts.login_column), None)
        secret = next(
            (body.get(one.property) for one in bound.body if _is_secret(one.column, one.secret, accounts)), None
        )
        return Caller(str(login), str(secret), None) if login and secret else None

    def registration_body(self, bound: Bound) -> Any:
        """A body that registers somebody new."""
        accounts = self.binding.accounts
        found = body_schema(bound.operation)
        body = self.asker.made_up(found[1]) if found else None
        if found is None or accounts is None or not isinstance(body, dict):
            return body
        name = f"probe{self.asker.chance.getrandbits(48):012x}"
        for one in bound.body:
            if _is_secret(one.column, one.secret, accounts):
                self.asker.put(body, found[1], one.property, password(self.asker.chance))
            elif one.column == accounts.login_column:
                _ = self.asker.put(body, found[1], one.property, f"{name}@example.com") or self.asker.put(
                    body, found[1], one.property, name
                )
        return body

    def login_body(self, bound: Bound, caller: Caller) -> Any:
        """The body with which this user logs in."""
        accounts = self.binding.accounts
        found = body_schema(bound.operation)
        body = self.asker.made_up(found[1]) if found else None
        if found is None or accounts is None or not isinstance(body, dict):
            return body
        if "x-www-form-urlencoded" in found[0]:
            body = {name: value for name, value in body.items() if name in ("username", "password")}
        for one in bound.body:
            if _is_secret(one.column, one.secret, accounts):
                body[one.property] = caller.password
            elif one.column == accounts.login_column:
                body[one.property] = caller.login
        return body

    async def _newcomer(self, accounts: Accounts, role: str | None) -> Caller:
        caller = await self.member()
        assert caller is not None
        row = self.row(caller) if role is not None and accounts.role_column else None
        if row is not None and accounts.role_column:
            self.asker.store.change(row, {accounts.role_column: role})
        return await self._logged_in(accounts, self._holding(caller))

    async def _registered(self, accounts: Accounts, bound: Bound) -> Caller:
        body = self.registration_body(bound)
        caller = self.registration(bound, body)
        if caller is None:
            raise NoCredentials(f"{bound.operation.key} takes no login or no password, as far as can be told")
        reply = await self.asker.send(self.asker.request(bound.operation, caller=None, path_values={}, body=body))
        said = f"{bound.operation.key} → {reply.status} {excerpt(reply)}"
        if not 200 <= reply.status < 300:
            raise NoCredentials(f"nobody can register: {said}")
        row = self.row(caller)
        if row is None:
            raise NoCredentials(f"nobody can register: {said}, and {accounts.table} has no row for it")
        return replace(caller, id=row.values[accounts.id_column], token=token_in(reply, accounts.access_token))

    def _seeded(self, accounts: Accounts) -> Caller:
        from argon2 import PasswordHasher

        with_passwords = Proof.PASSWORD in self.binding.proofs.values()
        if accounts.login is None and with_passwords and not self.asker.service.knows("argon2"):
            row = self.asker.store.seed(accounts.table, {})
            why = f"{NO_WAY}: nobody can register, and the code does not name argon2"
            return Caller(str(row.values[accounts.login_column]), "", row.values[accounts.id_column], lacking=why)
        secret = password(self.asker.chance)
        login = f"probe{self.asker.chance.getrandbits(48):012x}@example.com"
        stored = PasswordHasher().hash(secret)
        row = self.asker.store.seed(accounts.table, {accounts.login_column: login, accounts.password_column: stored})
        return Caller(login, secret, row.values[accounts.id_column])

    def _holding(self, caller: Caller) -> Caller:
        """The caller with an API key: of the setting that the service was started with, else written into its table."""
        keys, service = self.binding.keys, self.asker.service
        if keys is None:
            return caller
        if not keys.table:
            return self._with_listed_key(caller)
        if not service.knows("sha256"):
            why = f"{NO_WAY}: {keys.table} holds API keys, and the code does not name sha256"
            return replace(caller, lacking=caller.lacking or why)
        key = f"probe-{self.asker.chance.getrandbits(160):040x}"
        values: dict[str, Any] = {keys.hash_column: sha256(key.encode()).hexdigest(), **keys.switches}
        values |= dict.fromkeys(keys.ends, _FAR)
        if keys.owner_column:
            values[keys.owner_column] = caller.id
        self.asker.store.seed(keys.table, values)
        return replace(caller, key=key)

    def _with_listed_key(self, caller: Caller) -> Caller:
        """The caller with the next key of the setting. Raises `NoCredentials` when somebody else has the last one."""
        service = self.asker.service
        listed = next((service.command.environment[name] for name in KEY_SETTINGS if service.reads(name)), "")
        listed = listed or self._told_key()
        if not listed:
            why = f"{NO_WAY}: no table holds API keys, and the code reads none of {', '.join(KEY_SETTINGS)}"
            return replace(caller, lacking=caller.lacking or why)
        free = listed.split(",")[len(self._known) :]
        if not free:
            raise NoCredentials(f"{NO_WAY}: the setting holds no API key for one more caller")
        return replace(caller, key=free[0])

    def _told_key(self) -> str:
        """The key of the one scheme that takes keys, as somebody told it or as a setting of its name holds it."""
        schemes = self.asker.contract.security_schemes
        named = {schemes[name].parameter for name, proof in self.binding.proofs.items() if proof is Proof.KEY}
        return key_of(named.pop(), self.asker.service.command) if len(named) == 1 else ""

    def _with_signed_token(self, caller: Caller) -> Caller:
        """The caller with an access token as another service would give it, which shares the key with this one."""
        service = self.asker.service
        if Proof.TOKEN not in self.binding.proofs.values():
            return caller
        if not service.reads(TOKEN_SETTING):
            why = f"{NO_WAY}: nobody can log in, and the code does not read {TOKEN_SETTING}"
            return replace(caller, lacking=caller.lacking or why)
        key = service.command.environment[TOKEN_SETTING]
        self.made.append(replace(caller, token=signed_token(caller.id, key, self.binding.demanded)))
        return self.made[-1]

    async def _login(self, bound: Bound, body: Any) -> Reply:
        return await self.asker.send(self.asker.request(bound.operation, caller=None, path_values={}, body=body))

    def _with_scopes(self, bound: Bound, body: Any) -> Any:
        """The body with all scopes of the contract asked for, where it has a place for them."""
        found, wanted = body_schema(bound.operation), " ".join(self.binding.demanded)
        properties = self.asker.contract.resolve(found[1]).get("properties", {}) if found else {}
        return {**body, "scope": wanted} if wanted and "scope" in properties and isinstance(body, dict) else body

    async def _logged_in(self, accounts: Accounts, caller: Caller) -> Caller:
        if accounts.login is None:
            return self._with_signed_token(caller)
        bound = self.binding.bound(accounts.login)
        body = self.login_body(bound, caller)
        asking = self._with_scopes(bound, body)
        reply = await self._login(bound, asking)
        if asking is not body and not 200 <= reply.status < 300:  # not everybody may have all of them
            reply = await self._login(bound, body)
        token, cookies = token_in(reply, accounts.access_token), cookies_in(reply)
        if not token and not cookies:
            said = "no token in its answer" if 200 <= reply.status < 300 else f"{reply.status} {excerpt(reply)}"
            raise NoCredentials(f"a user that was just made cannot log in: {bound.operation.key} → {said}")
        refresh = token_in(reply, accounts.refresh_token) if accounts.refresh_token else ""
        self.made.append(replace(caller, token=token, refresh_token=refresh, cookies=cookies))
        return self.made[-1]


def signed_token(user: Any, key: str, scopes: Sequence[str] = ()) -> str:
    """An access token for the user with this key of the database, good for an hour; it names these scopes."""
    now = int(time.time())
    claims = {"sub": str(user), "kind": "access", "iat": now, "exp": now + _LASTING, "jti": uuid4().hex}
    claims |= {"scope": " ".join(scopes)} if scopes else {}
    return signed({"alg": "HS256", "typ": "JWT"}, claims, key.encode())


def cookies_in(reply: Reply) -> dict[str, str]:
    """Name and value of the cookies that an answer sets."""
    pairs = (text.partition(";")[0].partition("=") for text in reply.headers.get_list("set-cookie"))
    return {name.strip(): value.strip() for name, _, value in pairs if value.strip()}


def token_in(reply: Reply, path: tuple[str, ...]) -> str:
    """The token in an answer; empty when there is none, or none that a header can carry."""
    value = answered(reply)
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) and value.isascii() and value.isprintable() else ""


def _is_secret(column: str, secret: bool, accounts: Accounts) -> bool:
    return secret or column == accounts.password_column


def _might(role: str) -> int:
    return next((at for at, word in enumerate(_MIGHTY) if word in role.lower()), len(_MIGHTY))
