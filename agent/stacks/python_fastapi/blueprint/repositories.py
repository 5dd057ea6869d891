"""Methods of repositories, each one statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from agent.binding.columns import event
from agent.binding.model import Conversion, Filter, Guard, Mark, PathColumn
from agent.catalog.model import Column, Table
from agent.stacks.python_fastapi.blueprint.annotations import Typed
from agent.stacks.python_fastapi.blueprint.columns import TEXTS, python_type, quoted, quoted_table, written
from agent.stacks.python_fastapi.blueprint.naming import Names, snake
from agent.stacks.python_fastapi.blueprint.rows import Reading

MethodKind = Literal["find", "exists", "list", "create", "change", "delete", "children", "credentials", "holder"]


@dataclass(frozen=True, slots=True)
class Condition:
    """What a row must fulfil; `{}` stands for the parameter."""

    sql: str
    argument: str
    typed: Typed
    label: str
    """Its part of the method's name."""
    value: str = ""
    """Expression that makes the parameter's value inside the repository, when it is not the argument itself."""
    owns: bool = False
    """It says whose the row is."""

    @property
    def passed(self) -> str:
        """The parameter's value as an expression."""
        return self.value or self.argument


@dataclass(frozen=True, slots=True)
class Method:
    """One method of a repository."""

    kind: MethodKind
    name: str
    conditions: tuple[Condition, ...] = ()
    sorted: bool = False
    counted: bool = False
    maybe_empty: bool = False
    """A change that may have nothing to set."""
    back: str = ""
    """A list: the argument with which rows are read from the nearest before a row on; empty where there is none."""

    @property
    def where(self) -> str:
        """The conditions with numbered parameters."""
        return " AND ".join(one.sql.replace("{}", f"${index}") for index, one in enumerate(self.conditions, 1))


@dataclass
class Repository:
    """The repository of one table, or of a resource without one."""

    key: str
    """Table, or resource for one without table."""
    module: str
    stem: str
    attribute: str
    reading: Reading | None = None
    methods: dict[str, Method] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    """Column as it stands in SQL → how its parameter is written, where that takes a conversion."""
    sorts: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """Name of a list method → name that may be sorted by → expression."""
    login: tuple[str, str, str] | None = None
    """Accounts: columns of id, login and password."""
    names: Names = field(default_factory=Names)
    mark: Mark | None = None
    """How removed rows are marked."""

    @property
    def living(self) -> str:
        """The condition of rows that are not marked as removed; empty where rows are deleted."""
        return living(self.mark, self.reading.spot) if self.reading else ""

    @property
    def marking(self) -> str:
        """The assignments that mark a row as removed; empty where rows are deleted."""
        return marking(self.mark, self.reading.table) if self.mark and self.reading else ""

    def where(self, method: Method) -> str:
        """The conditions of a method's statement."""
        return " AND ".join(one for one in (method.where, self.living) if one)

    def add(self, method: Method) -> str:
        """Have the method; gives its name, which differs from the wanted one when that is taken by another."""
        known = self.methods.get(method.name)
        if known is not None and known != method:
            if replace(known, maybe_empty=True) == replace(method, maybe_empty=True):
                self.methods[method.name] = replace(method, maybe_empty=True)
                return method.name
            return self.add(replace(method, name=f"{method.name}_2"))
        self.methods.setdefault(method.name, method)
        return method.name

    def keyed(self, kind: MethodKind, conditions: tuple[Condition, ...], *, maybe_empty: bool = False) -> str:
        """A method that selects by conditions: `find_by_id`."""
        name = f"{kind}_by_{'_and_'.join(one.label for one in conditions)}"[:70].rstrip("_")
        return self.add(Method(kind, name, conditions, maybe_empty=maybe_empty))

    def write(self, column: Column, conversion: Conversion) -> bool:
        """Note how the column is written; False when it is written differently elsewhere."""
        how, name = written(column, conversion), quoted(column.name)
        if how == "{}" and name not in self.written:
            return True
        return self.written.setdefault(name, how) == how


def equals(table: Table, spot: str, column: str, conversion: Conversion, typed: Typed | None = None) -> Condition:
    """The column is equal to an argument that is named after it."""
    found = table.column(column)
    assert found is not None, f"{table.name}.{column}"
    name = snake(column)
    type_ = typed or python_type(found, conversion, nullable=False)
    return Condition(f"{spot} = {written(found, conversion)}", name, type_, name)


def below(
    table: Table, spot: str, step: PathColumn, parent: Table, typed: Typed, mark: Mark | None = None
) -> Condition:
    """The row belongs to what the step of the path selects."""
    column = step.joint or step.link or ""
    if not step.key:
        return equals(table, spot, column, step.conversion, typed)
    known = equals(parent, quoted(step.column), step.column, step.conversion, typed)
    found = f"{quoted_table(parent.name)} WHERE {known.sql}{_and_living(mark, quoted)}"
    sql = f"{spot} = (SELECT {quoted(step.key)} FROM {found})"
    name = snake(f"{parent.name.rsplit('.', 1)[-1]}_{step.column}")
    return Condition(sql, name, typed, name)


def guarded(guard: Guard, here: str, typed: Typed, label: str, mark: Mark | None = None) -> Condition:
    """There is a row of another table that belongs to the owner."""
    source, spot = quoted_table(guard.table), quoted(guard.table.rsplit(".", 1)[-1])
    owned = f"{spot}.{quoted(guard.column)} = {here} AND {spot}.{quoted(guard.owner)} = {{}}"
    sql = f"EXISTS (SELECT 1 FROM {source} WHERE {owned}{_and_living(mark, lambda name: f'{spot}.{quoted(name)}')})"
    return Condition(sql, f"{label}_owner", typed, f"{label}_owner")


def living(mark: Mark | None, spot: Callable[[str], str]) -> str:
    """The condition of rows that are not marked as removed; empty where none are."""
    if mark is None:
        return ""
    moments = [f"{spot(name)} IS NULL" for name in mark.moments]
    switches = [f"{spot(name)} IS NOT TRUE" if null else f"NOT {spot(name)}" for name, null in mark.switches.items()]
    return " AND ".join(moments + switches)


def _and_living(mark: Mark | None, spot: Callable[[str], str]) -> str:
    condition = living(mark, spot)
    return f" AND {condition}" if condition else ""


_NOW = {"timestamptz": "now()", "timestamp": "timezone('utc', now())", "date": "timezone('utc', now())::date"}


def marking(mark: Mark, table: Table) -> str:
    """The assignments that mark a row as removed, and say when it was last changed."""
    changed = [one.name for one in table.columns if one.base_type in _NOW and event(one.name) == "updated"]
    moments = [one for one in table.columns if one.name in (*mark.moments, *changed) and not one.generated]
    set_now = [f"{quoted(one.name)} = {_NOW[one.base_type]}" for one in moments]
    return ", ".join([*set_now, *(f"{quoted(name)} = true" for name in mark.switches)])


_SIGNS = {"equal": "=", "at least": ">=", "at most": "<=", "above": ">", "below": "<"}


def filtered(reading: Reading, one: Filter, argument: str, typed: Typed) -> Condition:
    """The condition behind a query parameter."""
    terms = []
    for name in one.columns:
        column = reading.table.column(name)
        assert column is not None, name
        spot = reading.spot(name)
        if one.comparison == "contains":
            terms.append(f"{spot if column.base_type in TEXTS and not column.array else f'{spot}::text'} ILIKE {{}}")
        elif one.comparison == "any of":
            many = replace(column, array=True, type=f"{column.type}[]")
            terms.append(f"{spot} = ANY({written(many, one.conversion)})")
        else:
            terms.append(f"{spot} {_SIGNS[one.comparison]} {written(column, one.conversion)}")
    sql = terms[0] if len(terms) == 1 else f"({' OR '.join(terms)})"
    value = f"containing({argument})" if one.comparison == "contains" else ""
    return Condition(sql, argument, typed, argument, value)
