"""What the contract and the catalog say about each other: which operation does what with which table.

The binding is derived, never guessed: an operation that cannot be derived carries the reason, and becomes a hole.
The blueprint writes from it, and the probes know from it what to ask and in which order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from agent.binding.callers import Accounts, Keys, Proof, TokenPart
from agent.contract.model import Operation


class Action(StrEnum):
    """What an operation does; a closed set."""

    LIST = "list"
    RETRIEVE = "retrieve"
    CREATE = "create"
    REPLACE = "replace"
    """Sets every column of the body."""
    PATCH = "patch"
    """Sets the columns whose properties were sent."""
    DELETE = "delete"
    """Removes the row; where the contract has an answer for it, that is the row as it was."""
    REGISTER = "register"
    """Adds a user; answers the user, a session, or both."""
    LOGIN = "login"
    """Takes two fields: the login column's, and the secret one."""
    REFRESH = "refresh"
    """Takes a refresh token, answers a session."""
    LOGOUT = "logout"
    ME = "me"
    """Reads the caller's own row."""


class Meta(StrEnum):
    """What a property beside a list means."""

    PAGE = "page"
    LIMIT = "limit"
    OFFSET = "offset"
    TOTAL = "total"
    PAGES = "pages"
    NEXT = "next"
    """Whether more rows follow."""
    PREVIOUS = "previous"
    """Whether rows stand before these."""
    LAST = "last"
    """Whether no rows follow."""
    FIRST = "first"
    """Whether no rows stand before these."""
    COUNT = "count"
    """How many rows are here."""
    EMPTY = "empty"
    """Whether there are none here."""
    FROM = "from"
    """The number of the first row here, among all and from one; nothing where there are none here."""
    TO = "to"
    NEXT_PAGE = "next page"
    """The number of the next page; nothing where there is none."""
    PREVIOUS_PAGE = "previous page"
    CURSOR = "cursor"
    """What names the last row here to whoever wants those behind it; nothing where there are none."""
    SELF_URL = "url"
    """The address that was asked."""
    FIRST_URL = "first url"
    LAST_URL = "last url"
    NEXT_URL = "next url"
    """The address of the next page; nothing where there is none."""
    PREVIOUS_URL = "previous url"


Printed = Literal["printed uuid", "printed date", "printed time", "printed date-time"]
Conversion = Literal["", "number", "integer", "whole", "text", "date", "utc"] | Printed
"""What stands between JSON and the column, where the two types disagree.

- empty: nothing; both sides have the same kind of value.
- `number`: the column is an exact decimal, JSON carries a number.
- `integer`: the column is a decimal without places, JSON carries an integer.
- `whole`: the column holds whole numbers, a parameter or body carries any: one with places is the value of no row,
  and in a body a validation error.
- `text`: JSON carries a string; the column's value is its text form. A body or parameter that cannot be read as the
  column's type is a validation error.
- `date`: JSON carries a date, the column holds a timestamp: the date in UTC, and midnight UTC when written.
- `utc`: JSON carries a date-time with offset, the column a timestamp without zone, which is meant as UTC.
- `printed ...`: JSON carries a string of that format, the column is a text and holds it printed in one way.
"""


@dataclass(frozen=True, slots=True)
class Envelope:
    """How an answer wraps what it carries."""

    data: tuple[str, ...] = ()
    """Property names down to the object or list; empty when the body is it."""
    meta: Mapping[tuple[str, ...], Meta] = field(default_factory=dict)
    """Property path → what stands there; lists only."""
    total_header: str = ""
    """Name of the answer's header that carries the total; empty when there is none."""
    omitted: frozenset[tuple[str, ...]] = frozenset()
    """Which of `meta` are left out where there is nothing to say; the others are null then."""
    fixed: Mapping[tuple[str, ...], str | bool | int] = field(default_factory=dict)
    """Property path → the only value that the contract allows there."""


@dataclass(frozen=True, slots=True)
class Field:
    """One property of a body or an answer, and the column behind it."""

    property: str
    column: str
    """Of the table that the body or answer stands for; empty for a list of rows that point here."""
    required: bool
    """As the contract says it. What a body leaves out takes the contract's default, else the column's default (null
    when it has none) on create and replace; on patch its column stays as it is."""
    embedded: Embedded | None = None
    """The property is an object read through the foreign key in `column`."""
    secret: bool = False
    """A password: stored as a hash in `column`, never answered."""
    conversion: Conversion = ""
    unsent_when_null: bool = False
    """Bodies only: the contract allows null, the column does not. Null then means the same as leaving it out."""
    absent_when_null: bool = False
    """Answers only: the contract allows no null here, so the property is left out when the column is null."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """An object of another table, joined through a foreign key, or a list of rows that point here."""

    table: str
    columns: tuple[str, ...]
    """The columns of `table` that are equal to `here`."""
    here: tuple[str, ...]
    fields: tuple[Field, ...]
    many: bool = False
    schema_name: str = ""


@dataclass(frozen=True, slots=True)
class PathColumn:
    """A path parameter and the column that it selects."""

    parameter: str
    table: str
    column: str
    link: str | None = None
    """For the direct parent in a nested path: the column of the operation's table that refers to it."""
    joint: str | None = None
    """For every parent: the column of the next path column's table (after the last parent: the operation's table) that
    refers to it. It holds the same value, unless there is a `key`."""
    owner: str | None = None
    """For a parent: the column of `table` that must equal the caller's id, else the parent does not exist for them."""
    conversion: Conversion = ""
    key: str = ""
    """For a parent that is selected by another column than the one that `joint` refers to: that one."""


Comparison = Literal["equal", "at least", "at most", "above", "below", "contains", "any of"]


@dataclass(frozen=True, slots=True)
class Filter:
    """A query parameter that narrows a list."""

    parameter: str
    columns: tuple[str, ...]
    """Several for a search over text columns: any of them."""
    comparison: Comparison = "equal"
    """`above` and `below` leave the bound itself out."""
    conversion: Conversion = ""


@dataclass(frozen=True, slots=True)
class Paging:
    """How a list is cut into pages."""

    style: Literal["page", "offset", "none"]
    """`none`: no way to ask for more than the first rows; there may be a limit parameter all the same."""
    page_parameter: str = ""
    """Or the offset parameter's name."""
    limit_parameter: str = ""
    default: int = 20
    maximum: int = 100
    first: int = 1
    """Number of the first page; `page` style only."""
    cursor: Filter | None = None
    """Pages begin behind the row that a parameter names by its key, in the order of keys; `none` style only."""
    back: Filter | None = None
    """Or they end before the row that this parameter names, where there is one beside `cursor`; never both at once."""


@dataclass(frozen=True, slots=True)
class Sorting:
    """How a list is ordered on request: `sort=-created_at,name`."""

    parameter: str
    columns: Mapping[str, str]
    """Name as the contract spells it → column."""
    default: tuple[str, ...] = ()
    """As the parameter would spell it: `("-createdAt",)`."""
    direction_parameter: str = ""
    """Name of the parameter that says `asc` or `desc`, where the contract has one; no minus signs then."""
    descending: bool = False
    """What a missing direction parameter means."""
    directed: str = ""
    """What stands between a name and its direction in `name,desc` or `name:desc`; no minus signs then. `default` has
    them all the same."""

    def spelt(self, name: str, *, descending: bool = False) -> str:
        """How one of `columns` is asked for; where the direction has a parameter of its own, without it."""
        if self.directed:
            return f"{name}{self.directed}{'desc' if descending else 'asc'}"
        return f"-{name}" if descending and not self.direction_parameter else name


@dataclass(frozen=True, slots=True)
class Guard:
    """A row of another table that must be the caller's: without it, the operation's row does not exist for them."""

    table: str
    column: str
    """The column of `table` that is equal to `here`."""
    here: str
    """A column of the operation's table; on create its value comes from the body."""
    owner: str
    """The column of `table` that must equal the caller's id."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How rows of a table are marked as removed; marked rows are found by nobody."""

    moments: tuple[str, ...] = ()
    """Columns that hold when a row was removed, null for all others."""
    switches: Mapping[str, bool] = field(default_factory=dict)
    """Columns that are true for a removed row → whether they may be null for others."""

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that tell."""
        return (*self.moments, *self.switches)


Fill = Literal["uuid", "now"]
"""A value that the service makes itself: a random UUID, the present moment."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One operation, and what it does."""

    operation: Operation
    """As in the contract; where its body carries the row within a property, that is looked through (`Body.within`)."""
    action: Action | None
    """None: it could not be derived, and is a hole."""
    reason: str = ""
    """Why it could not be derived."""
    table: str = ""
    """The table that is read or written; for a hole the deepest one that its path names, empty when it names none."""
    path: tuple[PathColumn, ...] = ()
    """In the order of the path; the last one selects the item, where the operation has one. Empty for a hole."""
    owner: str | None = None
    """Column of `table` that must equal the caller's id (set on create); None: not owned. Who calls without being the
    owner gets 403 where the contract declares it, else 404 as for a row that does not exist."""
    body: tuple[Field, ...] = ()
    answer: tuple[Field, ...] = ()
    envelope: Envelope = Envelope()
    filters: tuple[Filter, ...] = ()
    paging: Paging | None = None
    sorting: Sorting | None = None
    resource: str = ""
    """The module it belongs to, snake_case plural: `order_items`; `auth` for logging in and out; for a hole as near as
    the path tells."""
    guards: tuple[Guard, ...] = ()
    """Rows outside the path that must be the caller's."""
    filled: Mapping[str, Fill] = field(default_factory=dict)
    """Columns that this write sets although nobody sends them and the database does not."""
    tokens: Mapping[tuple[str, ...], TokenPart] = field(default_factory=dict)
    """Login, refresh, register: property path in the answer → which part of the session stands there. The user's own
    fields, where the answer has them, are `answer`, found under `envelope.data`."""
    presented: str = ""
    """Refresh and logout: the body property that carries the refresh token; empty when none is sent."""
    left_out: tuple[str, ...] = ()
    """Optional properties of the answer that nothing in the schema gives; they are never sent."""
    fixed: Mapping[str, str | bool | int] = field(default_factory=dict)
    """Properties beside those of `answer` in the row's object that can only have one value."""
    confirmed: Mapping[str, str | bool] = field(default_factory=dict)
    """Delete, without `answer`: properties that only say that it was done, and what they say."""
    scopes: tuple[str, ...] = ()
    """What the caller's token must name, which somebody else issues; also of a hole."""
    mark: Mark | None = None
    """How removed rows of `table` are marked: a DELETE does so, and everything else passes them over."""
    demands: tuple[tuple[str, ...], ...] = ()
    """The scopes of each alternative, of one of which a token must name all, whoever issues it; also of a hole. Empty
    where any token is enough, because the contract or a person says so."""

    @property
    def hole(self) -> bool:
        """True when somebody has to write the body."""
        return self.action is None

    @property
    def own_account(self) -> bool:
        """True for a change of the caller's own row, which nothing in the path selects."""
        changes = self.action in (Action.REPLACE, Action.PATCH, Action.DELETE)
        return changes and bool(self.owner) and not self.path

    @property
    def reads_ahead(self) -> bool:
        """True for a list whose pages begin behind a row, and that tells whether rows follow."""
        telling = {Meta.CURSOR, Meta.NEXT, Meta.LAST, Meta.NEXT_URL} & set(self.envelope.meta.values())
        return self.paging is not None and self.paging.cursor is not None and bool(telling)

    @property
    def owned(self) -> bool:
        """True when it concerns what belongs to one user, and another could ask for it too."""
        open_to_others = self.path or self.action in (Action.LIST, Action.CREATE)
        return bool((self.owner and open_to_others) or self.guards or any(step.owner for step in self.path))


@dataclass(frozen=True, slots=True)
class Binding:
    """The whole contract, bound to the whole catalog."""

    operations: tuple[Bound, ...]
    """In the contract's order."""
    accounts: Accounts | None
    proofs: Mapping[str, Proof] = field(default_factory=dict)
    """Name of a security scheme → what it carries; schemes that are not understood are not here."""
    keys: Keys | None = None
    """None: no scheme carries an API key."""
    marks: Mapping[str, Mark] = field(default_factory=dict)
    """Table → how its removed rows are marked."""

    @property
    def nameless_keys(self) -> bool:
        """True where a key does not say whose it is, although there are users."""
        return self.keys is not None and self.accounts is not None and not self.keys.owner_column

    def proof(self, operation: Operation) -> Proof:
        """With what the operation is called where there is a choice: a token if it takes one."""
        known = self.alone(operation)
        return Proof.TOKEN if Proof.TOKEN in known else next(iter(known), Proof.TOKEN)

    def alone(self, operation: Operation) -> tuple[Proof, ...]:
        """Everything that is enough by itself to call it, in the contract's order."""
        single = [self.proofs.get(name) for names in operation.security if len(names) == 1 for name in names]
        return tuple(one for one in single if one is not None)

    @property
    def scopes(self) -> tuple[str, ...]:
        """All that tokens must name for some operation, sorted."""
        return tuple(sorted({scope for one in self.operations for scope in one.scopes}))

    @property
    def demanded(self) -> tuple[str, ...]:
        """All scopes that the contract asks for anywhere, sorted."""
        return tuple(sorted({scope for one in self.operations for names in one.demands for scope in names}))

    @property
    def rotates(self) -> bool:
        """True when a refresh token is sent in a body, and another one comes back for it."""
        bounds = [self.bound(self.accounts.refresh)] if self.accounts and self.accounts.refresh else []
        return any(one.presented and TokenPart.REFRESH in one.tokens.values() for one in bounds)

    @property
    def holes(self) -> tuple[Bound, ...]:
        """The operations that could not be derived."""
        return tuple(bound for bound in self.operations if bound.hole)

    def bound(self, key: str) -> Bound:
        """The binding of the operation named `GET /books`; KeyError when there is none."""
        for one in self.operations:
            if one.operation.key == key:
                return one
        raise KeyError(key)
