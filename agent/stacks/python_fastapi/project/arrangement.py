"""The rows that a test needs, as the source lines that make them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.binding.model import Bound, Conversion, PathColumn
from agent.catalog.model import Table
from agent.stacks.python_fastapi.project.shape import Shape, written
from agent.stacks.python_fastapi.project.source import Code, identifier, literal

_RESERVED = {
    "user",
    "client",
    "database",
    "settings",
    "headers",
    "keyed",
    "password_headers",
    "unscoped_headers",
    "tokens",
    "sessions",
    "response",
    "data",
    "body",
    "stored",
    "case",
}
"""Names that tests use for something else."""
_UNKNOWN_NUMBER = 999_999


@dataclass
class Arrangement:
    """Collects source lines; each row that it makes stands in a variable of its own."""

    shape: Shape
    owner: Code | None = None
    """Whose the rows are: `user["id"]`; None: the factories make somebody."""
    lines: list[str] = field(default_factory=list)
    path: dict[str, Code] = field(default_factory=dict)
    """Path parameter → its value."""
    above: dict[str, Code] = field(default_factory=dict)
    """Column of the operation's table → value of what stands above in the path, once that is made."""
    _taken: set[str] = field(default_factory=set)

    def row(self, table: Table, given: Mapping[str, Code] | None = None, variable: str = "") -> str:
        """Make a row with these values (column → expression); gives the variable it stands in."""
        name = self._free(variable or self.shape.row_name(table.name))
        call = self.call(table, given or {})
        self.lines.append(f"{name} = {call}")
        return name

    def call(self, table: Table, given: Mapping[str, Code]) -> str:
        """The expression that makes a row: `await make_book(database, title="Title 1")`."""
        values = {**self._owned(table), **given}
        arguments = "".join(f", {identifier(column)}={value}" for column, value in values.items())
        return f"await make_{self.shape.row_name(table.name)}(database{arguments})"

    def parents(self, bound: Bound) -> dict[str, Code]:
        """Make the rows that the operation's row belongs to; gives column of the operation's table → value."""
        links: dict[str, Code] = {}
        for step in above(bound):
            variable = self.row(self.shape.table(step.table), links)
            self.path[step.parameter] = value_of(variable, step.column)
            column = step.joint or step.link
            links = {column: value_of(variable, step.key or step.column)} if column else {}
        for guard in bound.guards:
            if guard.here not in links:
                variable = self.row(self.shape.table(guard.table))
                links[guard.here] = value_of(variable, guard.column)
        self.above = dict(links)
        return links

    def item(self, bound: Bound, given: Mapping[str, Code] | None = None) -> str:
        """Make the row that the operation is about, and those it belongs to; gives its variable."""
        accounts = self.shape.accounts
        if self.owner and accounts and (bound.table, bound.owner) == (accounts.table, accounts.id_column):
            self.path.update({step.parameter: value_of("user", step.column) for step in bound.path})
            return "user"
        links = self.parents(bound)
        table = self.shape.table(bound.table)
        variable = self.row(table, {**self._selecting(bound, table), **links, **(given or {})})
        for step in bound.path[len(above(bound)) :]:
            self.path[step.parameter] = value_of(variable, step.column)
        return variable

    def _selecting(self, bound: Bound, table: Table) -> dict[str, Code]:
        """Values for the columns that the path selects the row by, where the factory would leave them empty."""
        columns = [table.column(step.column) for step in bound.path[len(above(bound)) :]]
        return {
            column.name: self.shape.values.code(column, self.shape.values.of_column(table, column, 1))
            for column in columns
            if column is not None and column.nullable and column.default is None and written(column)
        }

    def _owned(self, table: Table) -> dict[str, Code]:
        column = self.shape.owners.get(table.name)
        is_caller = self.shape.accounts is not None and table.name == self.shape.accounts.table
        return {column: self.owner} if self.owner and column and not is_caller else {}

    def _free(self, name: str) -> str:
        free, number = name, 2
        while free in self._taken or free in _RESERVED:
            free, number = f"{name}_{number}" if free != name else f"other_{name}", number + 1
        self._taken.add(free)
        return free


def above(bound: Bound) -> tuple[PathColumn, ...]:
    """The steps of the path that select other rows than the item itself."""
    return tuple(step for step in bound.path if step.joint or step.link or step.table != bound.table)


def value_of(variable: str, column: str) -> Code:
    """A column of a row in a variable: `book["id"]`."""
    return Code(f"{variable}[{literal(column)}]")


def unknown(table: Table, column: str, conversion: Conversion = "") -> str:
    """A value as it stands in a path, that no row has in this column."""
    kind = table.column(column)
    if conversion == "printed uuid" or (kind is not None and kind.base_type == "uuid"):
        return "00000000-0000-4000-8000-00000000ffff"
    if conversion.startswith("printed "):
        moment = "1901-02-03T04:05:06Z"
        return {"printed date": moment[:10], "printed time": moment[11:19]}.get(conversion, moment)
    if kind is not None and kind.base_type in ("int2", "int4", "int8", "numeric"):
        return str(_UNKNOWN_NUMBER if kind.base_type != "int2" else 32_000)
    return "unknown"
