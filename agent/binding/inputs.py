"""What everything is derived from: contract, catalog, and who the users are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.binding.columns import alone_unique, short
from agent.binding.corrections import Corrections
from agent.binding.marking import marks_of
from agent.binding.model import Mark
from agent.binding.namespaces import MEANING, namespaces, parts_of
from agent.binding.shapes import Shape, shape
from agent.binding.speaking import spoken_tables
from agent.binding.words import singular, snake
from agent.catalog.model import Catalog, Column, Table
from agent.contract.model import Contract, Operation, Schema

_PASSWORD_COLUMNS = frozenset(
    {"password", "password_hash", "hashed_password", "password_digest", "encrypted_password", "pwd_hash", "passwd"}
    | {"passwordhash", "pass_hash", "pw_hash", "password_hashed", "hash_password", "crypted_password", "hashed_pwd"}
)
USER_WORDS = frozenset({"user", "account", "member", "customer", "person", "agent", "employee", "app_user"})
"""What those who log in are called, in the singular."""
_RIGHTS = frozenset(
    {"role", "role_id", "roles", "user_role", "is_admin", "admin", "is_superuser", "superuser", "is_staff", "staff"}
    | {"is_moderator", "moderator", "permissions", "access_level", "user_type", "account_type"}
)


@dataclass(frozen=True, slots=True)
class Users:
    """The table of those who can log in."""

    table: Table
    id: Column
    password: Column

    @property
    def rights(self) -> tuple[Column, ...]:
        """Columns that say what a user may do."""
        return tuple(column for column in self.table.columns if snake(column.name) in _RIGHTS)

    @property
    def login(self) -> str:
        """The column that usually names a user, a unique one first; empty when there is none."""
        names = [name for name in ("email", "username", "login") if self.table.column(name)]
        unique = alone_unique(self.table)
        return next((name for name in names if name in unique), next(iter(names), ""))


@dataclass(frozen=True, slots=True)
class Inputs:
    """Contract and catalog, with what is known about them as a whole."""

    contract: Contract
    catalog: Catalog
    users: Users | None
    prefix: tuple[str, ...] = ()
    """The first parts of every path, where they name the API and nothing in it."""
    groups: frozenset[tuple[str, ...]] = frozenset()
    """First parts of some paths, behind the prefix, that only group what follows."""
    settled: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Table → nullable columns that are never null, as far as rows come through this API."""
    corrections: Corrections = Corrections()
    """What a person said."""
    marks: Mapping[str, Mark] = field(default_factory=dict)
    """Table → how its removed rows are marked."""

    def shape(self, schema: Schema) -> Shape:
        """The shape of a schema of the contract."""
        return shape(self.contract, schema)

    def is_users(self, table: Table | str) -> bool:
        """True for the table of those who can log in."""
        name = table if isinstance(table, str) else table.name
        return self.users is not None and self.users.table.name == name

    def names_the_users(self, literal: str) -> bool:
        """True for a part of a path that is called as that table is."""
        return self.users is not None and singular(literal) == singular(short(self.users.table))

    def names_a_table(self, literal: str) -> bool:
        """True for a part of a path that is called as some table is."""
        return any(singular(short(table)) == singular(literal) for table in self.catalog.tables)

    def can_be_null(self, table: Table, column: Column) -> bool:
        """True when a row may hold null there."""
        return column.nullable and column.name not in self.settled.get(table.name, frozenset())


def success_shape(inputs: Inputs, operation: Operation) -> Shape | None:
    """What the success answer carries as JSON, None when it carries nothing or something else."""
    success = operation.success
    return inputs.shape(success.json) if success and success.json is not None else None


def read_together(contract: Contract, catalog: Catalog, corrections: Corrections = Corrections()) -> Inputs:
    """Contract and catalog with what is known before any operation is looked at."""
    catalog = spoken_tables(contract, catalog)
    prefix = shared_prefix(contract, catalog)
    tables = {singular(short(table)) for table in catalog.tables}
    groups = namespaces(contract, tables, prefix)
    users = find_users(catalog, corrections.users)
    marks = marks_of(contract, catalog)
    return Inputs(contract, catalog, users, prefix, groups, corrections=corrections, marks=marks)


def shared_prefix(contract: Contract, catalog: Catalog) -> tuple[str, ...]:
    """The parts that all paths begin with, as far as they are neither tables nor words that mean something."""
    paths = [parts_of(operation.path) for operation in contract.operations]
    names = {singular(short(table)) for table in catalog.tables}
    prefix: list[str] = []
    for level in zip(*paths, strict=False):
        behind = [path[len(prefix) + 1] if len(path) > len(prefix) + 1 else "{" for path in paths]
        first = level[0]
        meaning = singular(first) in names or snake(first) in MEANING or "{" in first
        if meaning or len(set(level)) > 1 or any("{" in part for part in behind):
            break
        prefix.append(first)
    return tuple(prefix)


def find_users(catalog: Catalog, said: str = "") -> Users | None:
    """The one table with a password column; among several the one that is said, or named after people."""
    found = [users for users in _with_password(catalog) if said in ("", users.table.name)]
    named = [users for users in found if singular(short(users.table)) in USER_WORDS]
    for candidates in (found, named):
        if len(candidates) == 1:
            return candidates[0]
    return None


def why_no_users(catalog: Catalog) -> str:
    """Why `find_users` finds nobody."""
    names = [f"`{users.table.name}`" for users in _with_password(catalog)]
    if names:
        return f"the tables {' and '.join(names)} all keep passwords: nothing says which of them holds the callers"
    return "the schema has no table of users with a password"


def _with_password(catalog: Catalog) -> list[Users]:
    return [users for table in catalog.tables if (users := _as_users(table))]


def _as_users(table: Table) -> Users | None:
    passwords = [column for column in table.columns if snake(column.name) in _PASSWORD_COLUMNS]
    key = table.column(table.primary_key[0]) if len(table.primary_key) == 1 else None
    return Users(table, key, passwords[0]) if key and len(passwords) == 1 else None
