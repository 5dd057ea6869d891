"""What is read of each table: one row type and one SELECT a table, with everything that any answer needs of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.binding.model import Conversion, Embedded, Field
from agent.catalog.model import Catalog, Column, Table
from agent.stacks.python_fastapi.blueprint.annotations import Typed
from agent.stacks.python_fastapi.blueprint.columns import python_type, quoted, quoted_table, read
from agent.stacks.python_fastapi.blueprint.naming import Names, class_stem, snake


@dataclass(frozen=True, slots=True)
class RowField:
    """One value of a row."""

    name: str
    expression: str
    """In the SELECT list: `author.id AS author_id`."""
    typed: Typed


@dataclass(frozen=True, slots=True)
class Children:
    """Rows of another table that belong to a row: read for a whole list at once."""

    repository: str
    """Table whose repository reads them."""
    method: str
    here: str
    """Field of the row whose value they carry."""
    there: str
    """Field of the child's row with that value."""
    row: str
    """Class of the child's row."""
    answer: str
    """Expression that makes the answer's object of the child's row `row`."""


@dataclass
class Reading:
    """The rows of one table."""

    catalog: Catalog
    table: Table
    alias: str = ""
    """How the table is called inside statements."""
    fields: dict[tuple[str, str, str], RowField] = field(default_factory=dict)
    joins: dict[tuple[str, str, tuple[str, ...]], tuple[str, str, bool]] = field(default_factory=dict)
    """(Alias above, table, columns here) → (alias, JOIN clause, may be missing)."""
    stored: dict[str, str] = field(default_factory=dict)
    """Columns of the table itself that the SELECT needs, as they stand in RETURNING."""
    _names: Names = field(default_factory=lambda: Names("count", "index"))
    _aliases: Names = field(default_factory=Names)

    def __post_init__(self) -> None:
        self.alias = self._aliases.take(snake(self.table.name.rsplit(".", 1)[-1], fallback="rows"))
        for column in self.table.primary_key:
            self.value(column)

    @property
    def stem(self) -> str:
        """`Book`, of which `BookRow` and `BookRepository` are made."""
        return class_stem(self.table.name.replace(".", "_"))

    @property
    def source(self) -> str:
        """The table as it stands behind FROM, INTO and UPDATE."""
        name, alias = quoted_table(self.table.name), quoted(self.alias)
        return name if name == alias else f"{name} AS {alias}"

    def spot(self, column: str, alias: str = "") -> str:
        """The column as it stands in statements: `books.title`."""
        return f"{quoted(alias or self.alias)}.{quoted(column)}"

    def value(self, column: str, conversion: Conversion = "") -> str:
        """The row's field with the table's own column; made when nobody asked for it before."""
        return self._field(self.table, self.alias, column, conversion, nullable=False, prefix="")

    def joined(self, embedded: Embedded, above: str = "", table: Table | None = None, *, outer: bool = False) -> Joined:
        """The join of an embedded object; made when nobody asked for it before."""
        parent, alias = table or self.table, above or self.alias
        key = (alias, embedded.table, embedded.here)
        if key not in self.joins:
            target = self._table(embedded.table)
            wanted = snake(embedded_alias(embedded, parent))
            made = self._aliases.take(wanted)
            missing = outer or any(_column(parent, one).nullable for one in embedded.here)
            pairs = zip(embedded.columns, embedded.here, strict=True)
            on = " AND ".join(f"{self.spot(there, made)} = {self.spot(here, alias)}" for there, here in pairs)
            kind = "LEFT JOIN" if missing else "JOIN"
            name = quoted_table(target.name)
            said = name if name == quoted(made) else f"{name} AS {quoted(made)}"
            self.joins[key] = (made, f"{kind} {said} ON {on}", missing)
            if alias == self.alias:
                for one in embedded.here:
                    self._store(one)
        made, _, missing = self.joins[key]
        return Joined(self, self._table(embedded.table), made, missing)

    def _field(
        self, table: Table, alias: str, column_name: str, conversion: Conversion, *, nullable: bool, prefix: str
    ) -> str:
        column = _column(table, column_name)
        key = (alias, column_name, read(column, conversion, ""))
        if key not in self.fields:
            wanted = f"{prefix}_{snake(column_name)}" if prefix else snake(column_name)
            name = self._names.take(_public(wanted))
            expression = read(column, conversion, self.spot(column_name, alias))
            if alias == self.alias:
                self._store(column_name)
            shown = expression if expression == self.spot(name, alias) else f"{expression} AS {quoted(name)}"
            self.fields[key] = RowField(
                name, shown, python_type(column, conversion, nullable=nullable or column.nullable)
            )
        return self.fields[key].name

    def _store(self, column: str) -> None:
        self.stored.setdefault(column, self.spot(column))

    def _table(self, name: str) -> Table:
        table = self.catalog.table(name)
        assert table is not None, name
        return table


@dataclass(frozen=True, slots=True)
class Joined:
    """A table joined to the rows of another."""

    reading: Reading
    table: Table
    alias: str
    missing: bool
    """There may be no such row."""

    def value(self, column: str, conversion: Conversion = "") -> str:
        """The row's field with a column of the joined table."""
        return self.reading._field(self.table, self.alias, column, conversion, nullable=self.missing, prefix=self.alias)

    def joined(self, embedded: Embedded) -> Joined:
        """A join from here on."""
        return self.reading.joined(embedded, self.alias, self.table, outer=self.missing)


def embedded_alias(embedded: Embedded, table: Table) -> str:
    """What the joined table is called: the foreign key without its `_id`, else the table."""
    here = embedded.here[0]
    stem = here.removesuffix("_id") if len(embedded.here) == 1 and here.endswith("_id") else ""
    return stem if stem and table.column(stem) is None else class_stem(embedded.table.replace(".", "_"))


def secrets_left_out(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """The fields that an answer may carry."""
    return tuple(one for one in fields if not one.secret)


def _column(table: Table, name: str) -> Column:
    column = table.column(name)
    assert column is not None, f"{table.name}.{name}"
    return column


def _public(name: str) -> str:
    """NamedTuple fields do not begin with an underscore."""
    return name.lstrip("_") or "value"
