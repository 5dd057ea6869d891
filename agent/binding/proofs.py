"""How callers prove who they are, by the security schemes of the contract, and where API keys are known from."""

from __future__ import annotations

from agent.binding.callers import Keys, Proof
from agent.binding.columns import alone_unique, links
from agent.binding.converting import TEXTS
from agent.binding.inputs import Inputs
from agent.binding.words import snake, words
from agent.catalog.model import Column, Table
from agent.contract.credentials import issues_token, sets_cookie
from agent.contract.model import Contract, SecurityScheme

_HASHES = frozenset({"key_hash", "hashed_key", "hash", "token_hash", "hashed_token", "key_digest", "api_key_hash"})
_ENDS = frozenset({"expires_at", "expires_on", "expires", "revoked_at", "disabled_at", "deleted_at", "valid_until"})
_ON = frozenset({"active", "is_active", "enabled", "is_enabled"})
_OFF = frozenset({"revoked", "is_revoked", "disabled", "is_disabled", "deleted", "is_deleted"})


def proofs_of(contract: Contract) -> dict[str, Proof]:
    """Name of a security scheme → what it carries; schemes that are not understood are left out."""
    found = {name: _proof(contract, scheme) for name, scheme in contract.security_schemes.items()}
    return {name: proof for name, proof in found.items() if proof is not None}


def keys_of(inputs: Inputs) -> Keys | None:
    """Where API keys are known from, None where nobody comes with one."""
    if Proof.KEY not in proofs_of(inputs.contract).values():
        return None
    tables = [one for one in inputs.catalog.tables if _names_keys(one) and _hash(one)]
    return _kept_in(inputs, tables[0]) if len(tables) == 1 else Keys()


def _proof(contract: Contract, scheme: SecurityScheme) -> Proof | None:
    match scheme.kind, scheme.scheme.lower():
        case ("oauth2", _) | ("http", "bearer"):
            return Proof.TOKEN
        case ("http", "basic"):
            return Proof.PASSWORD
        case ("apiKey", _) if _is_key(contract, scheme):
            return Proof.KEY
        case ("apiKey", _) if scheme.location == "header" and scheme.parameter.lower() == "authorization":
            return Proof.TOKEN  # as documents say it that were written for Swagger 2.0, which knows no bearer tokens
    return None


def _is_key(contract: Contract, scheme: SecurityScheme) -> bool:
    """True unless it may carry what a login gives: a session's cookie, or a token in a header of another name."""
    if any(part.endswith("key") for part in words(scheme.parameter)):
        return True
    return not any(issues_token(one, contract) or sets_cookie(one) for one in contract.operations)


def _names_keys(table: Table) -> bool:
    named = words(table.name.rsplit(".", 1)[-1])
    return any(part.endswith(("key", "keys")) for part in named) or named[-2:] in (("api", "tokens"), ("api", "token"))


def _hash(table: Table) -> Column | None:
    """The unique text column with the hash of a key."""
    unique = alone_unique(table)
    found = [one for one in table.columns if snake(one.name) in _HASHES and one.base_type in TEXTS]
    return next((one for one in found if one.name in unique), None)


def _kept_in(inputs: Inputs, table: Table) -> Keys:
    hashed, users = _hash(table), inputs.users
    if hashed is None or len(table.primary_key) != 1:
        return Keys()
    owners = [
        link.columns[0]
        for link in links(table)
        if users and inputs.is_users(link.table) and link.referenced == (users.id.name,)
        if (column := table.column(link.columns[0])) and not column.nullable
    ]
    switches = {one.name: snake(one.name) in _ON for one in table.columns if snake(one.name) in _ON | _OFF}
    return Keys(
        table=table.name,
        id_column=table.primary_key[0],
        hash_column=hashed.name,
        owner_column=owners[0] if len(owners) == 1 else "",
        ends=tuple(one.name for one in table.columns if snake(one.name) in _ENDS and one.base_type != "bool"),
        switches={name: on for name, on in switches.items() if _is_switch(table, name)},
    )


def _is_switch(table: Table, name: str) -> bool:
    column = table.column(name)
    return column is not None and column.base_type == "bool"
