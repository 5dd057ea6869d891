"""Ownership: whose rows an operation may touch."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from agent.binding.columns import links, role
from agent.binding.inputs import Inputs
from agent.binding.model import Action, Field, Guard, PathColumn
from agent.binding.reasons import Undecided
from agent.binding.words import singular
from agent.catalog.model import Column, Table
from agent.contract.model import Operation

READS = frozenset({Action.LIST, Action.RETRIEVE})
CHANGES = frozenset({Action.REPLACE, Action.PATCH, Action.DELETE})
_OWN = re.compile(
    r"\b(own|my|mine|your|yours|caller|caller's|callers'|current user|current user's|signed[- ]in|logged[- ]in"
    r"|authenticated user|authenticated user's)\b",
    re.IGNORECASE,
)
_ANYONE = re.compile(r"\b(?:any|every)(?:one|body)\b(?: \w+){0,3} (?:signed|logged)[- ]in\b", re.IGNORECASE)
_SHARED = re.compile(r"\b(all|every|everyone|everybody|anyone|public|publicly)\b", re.IGNORECASE)
OWNER_ROLES = frozenset(
    {"user", "owner", "author", "creator", "created_by", "account", "member", "customer", "submitter"}
)
"""What a foreign key to the users is called where it names whose a row is, `id` left out."""
_NAMES_THE_OWNER = frozenset({"user", "owner", "owned_by", "creator", "created_by", "account"})
_STRICT_ROLES = frozenset({"owner", "owned_by"})


@dataclass(frozen=True, slots=True)
class Holdings:
    """What is known about owners before single operations are looked at."""

    written: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Table → columns that a create's body writes: whoever they name, it need not be the caller."""
    owners: Mapping[str, Column] = field(default_factory=dict)
    """Table → the column that names a row's owner."""
    private: frozenset[str] = frozenset()
    """Tables whose rows only their owner sees."""
    unclear: Mapping[str, str] = field(default_factory=dict)
    """Table → why nobody knows whose its rows are, or who sees them."""

    def guarding(self, table: str, *, reads: bool) -> str | None:
        """The owner column of a parent that must name the caller; raises `Undecided` when that is not known."""
        owner = self.owners.get(table)
        if table in self.unclear and (reads or owner is None):
            raise Undecided(self.unclear[table])
        return owner.name if owner and (table in self.private or not reads) else None


@dataclass(frozen=True, slots=True)
class Ownership:
    """Whose rows one operation may touch."""

    owner: str | None = None
    path: tuple[PathColumn, ...] = ()
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """One operation, as far as it is derived already."""

    operation: Operation
    action: Action
    table: Table
    path: tuple[PathColumn, ...] = ()
    answer: tuple[Field, ...] = ()
    mine: bool = False
    """The path begins with the caller: `/me/orders`."""

    @property
    def own_account(self) -> bool:
        """True for a change of the caller's own row, which no path selects."""
        return self.mine and not self.path and self.action in CHANGES

    @property
    def text(self) -> str:
        """What the contract says about it in words."""
        return f"{self.operation.summary} {self.operation.description}"


def owner_column(inputs: Inputs, holdings: Holdings, table: Table) -> Column | None:
    """The column that names a row's owner, None when it has none; raises `Undecided` when several could be."""
    users = inputs.users
    if users is None or inputs.is_users(table):
        return None
    taken = holdings.written.get(table.name, frozenset())
    _demand_not_stated(inputs, table, taken)
    referring = [
        column
        for link in links(table)
        if inputs.is_users(link.table) and link.referenced == (users.id.name,) and link.columns[0] not in taken
        if (column := table.column(link.columns[0]))
    ]
    roles = OWNER_ROLES | {_users_word(inputs)}
    fitting = [column for column in referring if not column.nullable or role(column.name) in roles]
    demanded = [column for column in fitting if not column.nullable] or fitting
    if len(demanded) > 1:
        names = " and ".join(f"`{column.name}`" for column in demanded)
        raise Undecided(f"the columns {names} of `{table.name}` could both name the caller")
    return demanded[0] if demanded else None


def _demand_not_stated(inputs: Inputs, table: Table, written: Collection[str]) -> None:
    names = _NAMES_THE_OWNER | {_users_word(inputs)}
    for link in links(table):
        column = link.columns[0]
        if column in written and inputs.is_users(link.table) and role(column) in names:
            raise Undecided(f"a body sets `{table.name}.{column}`, and nothing says whether that must be the caller")


def _users_word(inputs: Inputs) -> str:
    return singular(inputs.users.table.name.rsplit(".", 1)[-1]) if inputs.users else ""


def reads_own(
    inputs: Inputs, operation: Operation, table: Table, owner: Column, answer: Collection[Field], parents: int = 0
) -> bool:
    """True when only the caller's rows are read; raises `Undecided` when it could be meant either way.

    `parents` is the number of rows above the table in the path whose parts are listed, users not counted.
    """
    text = f"{operation.summary} {operation.description}"
    if not operation.protected:
        return False
    said = inputs.corrections.of(operation.key).rows
    if said:
        return said == "own"
    if says_own(text):
        return True
    telling = [one for one in answer if one.column == owner.name]
    if telling and (parents or telling[0].embedded or _SHARED.search(text)):
        return False
    if not telling and not parents or role(owner.name) in _STRICT_ROLES:
        return True
    raise Undecided(f"nothing says whether only the caller's rows of `{table.name}` are meant (`{owner.name}`), or all")


def says_own(text: str) -> bool:
    """True where the text says that rows are the caller's; that anyone who is logged in may see them does not."""
    return _OWN.search(_ANYONE.sub("anyone", text)) is not None


def ownership(inputs: Inputs, holdings: Holdings, asked: Asked) -> Ownership:
    """Whose rows the operation may touch; raises `Undecided` when contract and schema do not say."""
    if not asked.operation.protected:
        _demand_not_optional(holdings, asked)
        return Ownership(path=asked.path)
    if inputs.is_users(asked.table):
        return Ownership(_own_account(inputs, asked), asked.path)
    owner = owner_column(inputs, holdings, asked.table)
    if asked.mine and owner is None:
        raise Undecided(f"`{asked.table.name}` has no column that names the caller")
    reads = asked.action in READS
    parents = [one for one in asked.path if one.joint]
    counted = sum(not inputs.is_users(one.table) for one in parents)
    below_user = len(parents) > counted
    owned = owner is not None and (
        asked.mine or not reads or reads_own(inputs, asked.operation, asked.table, owner, asked.answer, counted)
    )
    if below_user and reads and not owned and not _SHARED.search(asked.text):
        raise Undecided(f"nothing says whether users may read each other's `{asked.table.name}`")
    alone = owner is None and not reads
    path = tuple(_guarded(inputs, holdings, one, owned, alone) if one.joint else one for one in asked.path)
    top = inputs.catalog.table(path[0].table) if path else None
    if top is not None and path[0].joint and not path[0].owner and not inputs.is_users(top):
        _demand_no_owner_above(inputs, holdings, top, reads=not alone)
    guards = () if parents or owner else _guards(inputs, holdings, asked.table, reads=reads)
    own = bool(owned or guards or any(one.owner for one in path))
    _demand_no_rights(inputs, asked, own)
    return Ownership(owner.name if owner and owned else None, path, guards)


def _demand_not_optional(holdings: Holdings, asked: Asked) -> None:
    """Raise `Undecided` for a write on owned rows that is open to callers with and without credentials."""
    if asked.operation.security and asked.action not in READS and asked.table.name in holdings.owners:
        column = holdings.owners[asked.table.name].name
        raise Undecided(f"callers may be unknown here, and rows of `{asked.table.name}` have an owner (`{column}`)")


def _demand_no_rights(inputs: Inputs, asked: Asked, own: bool) -> None:
    """Raise `Undecided` where 403 can only mean that some users may not do this at all."""
    if inputs.corrections.of(asked.operation.key).callers:
        return
    forbids = any(answer.status == "403" for answer in asked.operation.answers)
    if inputs.users and inputs.users.rights and forbids and not own:
        column = f"{inputs.users.table.name}.{inputs.users.rights[0].name}"
        raise Undecided(f"some callers get 403, users have `{column}`, and nothing says which of them may do this")


def _own_account(inputs: Inputs, asked: Asked) -> str | None:
    users = inputs.users
    if users is None:
        return None
    if asked.own_account:
        return users.id.name
    said = inputs.corrections.of(asked.operation.key)
    if said.callers and asked.action in READS:
        return users.id.name if said.rows == "own" else None
    if users.rights:
        raise Undecided(f"`{users.table.name}` has `{users.rights[0].name}`, and nothing says which users may do this")
    if asked.action in CHANGES or (asked.action in READS and says_own(asked.text)):
        return users.id.name
    if asked.action is Action.CREATE:
        raise Undecided(f"nothing says which users may add to `{users.table.name}`")
    if any(field.column in {"email", "phone", "phone_number"} for field in asked.answer):
        raise Undecided(f"the answer shows personal data of `{users.table.name}`, and nothing says to whom")
    return None


def _guarded(inputs: Inputs, holdings: Holdings, parent: PathColumn, owned: bool, alone: bool) -> PathColumn:
    if inputs.users and inputs.is_users(parent.table):
        return replace(parent, owner=inputs.users.id.name) if owned or alone else parent
    return replace(parent, owner=holdings.guarding(parent.table, reads=not alone))


def _guards(inputs: Inputs, holdings: Holdings, table: Table, *, reads: bool) -> tuple[Guard, ...]:
    found: list[Guard] = []
    for column, parent, referenced in _belongs_to(inputs, table):
        owner = holdings.guarding(parent.name, reads=reads)
        if owner:
            found.append(Guard(parent.name, referenced, column, owner))
        else:
            _demand_no_owner_above(inputs, holdings, parent, reads=reads)
    return tuple(found)


def _demand_no_owner_above(
    inputs: Inputs, holdings: Holdings, table: Table, *, reads: bool, seen: frozenset[str] = frozenset()
) -> None:
    """Raise `Undecided` when the table's rows belong to rows that have an owner: that far no guard reaches."""
    for _, parent, _ in _belongs_to(inputs, table):
        if parent.name in seen or inputs.is_users(parent):
            continue
        if holdings.guarding(parent.name, reads=reads):
            raise Undecided(
                f"rows of `{table.name}` belong to rows of `{parent.name}`, and the path does not name whose"
            )
        _demand_no_owner_above(inputs, holdings, parent, reads=reads, seen=seen | {table.name, parent.name})


def _belongs_to(inputs: Inputs, table: Table) -> list[tuple[str, Table, str]]:
    """The foreign keys that every row has, to other tables: column, table, referenced column."""
    return [
        (column.name, parent, link.referenced[0])
        for link in links(table)
        if link.table != table.name
        and (column := table.column(link.columns[0]))
        and not column.nullable
        and (parent := inputs.catalog.table(link.table))
    ]
