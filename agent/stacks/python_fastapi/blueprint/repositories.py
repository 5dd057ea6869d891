"""Methods of repositories, each one statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from agent.binding.model import Conversion, Filter, PathColumn
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


def below(table: Table, spot: str, step: PathColumn, parent: Table, typed: Typed) -> Condition:
    """The row belongs to what the step of the path selects."""
    column = step.joint or step.link or ""
    if not step.key:
        return equals(table, spot, column, step.conversion, typed)
    known = equals(parent, quoted(step.column), step.column, step.conversion, typed)
    sql = f"{spot} = (SELECT {quoted(step.key)} FROM {quoted_table(parent.name)} WHERE {known.sql})"
    name = snake(f"{parent.name.rsplit('.', 1)[-1]}_{step.column}")
    return Condition(sql, name, typed, name)


def guarded(table: str, column: str, here: str, owner: str, typed: Typed, label: str) -> Condition:
    """There is a row of another table that belongs to the owner."""
    source, spot = quoted_table(table), quoted(table.rsplit(".", 1)[-1])
    sql = f"EXISTS (SELECT 1 FROM {source} WHERE {spot}.{quoted(column)} = {here} AND {spot}.{quoted(owner)} = {{}})"
    return Condition(sql, f"{label}_owner", typed, f"{label}_owner")


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
