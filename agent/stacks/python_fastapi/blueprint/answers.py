"""Answers as Python expressions: which value of which row stands behind which property."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from agent.binding.model import Embedded, Field
from agent.stacks.python_fastapi.blueprint.naming import Names, snake
from agent.stacks.python_fastapi.blueprint.rows import Children, Joined, Reading
from agent.stacks.python_fastapi.blueprint.text import constant, literal


class Underivable(Exception):
    """The blueprint cannot write this operation; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Mapper:
    """A function of a service module that makes the answer's object of a row."""

    name: str
    row: str
    """Class of the row."""
    expression: str
    children: tuple[tuple[str, Children], ...] = ()
    """(Argument, what is read for it)."""


@dataclass
class Mappers:
    """The functions of one service module."""

    reading: Callable[[str], Reading]
    names: Names
    made: dict[tuple[str, tuple[Field, ...], tuple[tuple[str, Any], ...]], Mapper] = field(default_factory=dict)

    def mapper(
        self,
        table: str,
        fields: tuple[Field, ...],
        wanted: str,
        fixed: Mapping[str, str | bool | int] = MappingProxyType({}),
    ) -> Mapper:
        """The function for these fields of the table's rows; made when nobody asked for it before.

        `fixed` are properties that have the same value for every row.
        """
        key = (table, fields, tuple(fixed.items()))
        if key not in self.made:
            reading = self.reading(table)
            children: list[tuple[str, Children]] = []
            expression = self._object(reading, fields, children)
            said = "".join(f"{literal(name)}: {constant(value)}, " for name, value in fixed.items())
            expression = f"{{{said}{expression[1:]}"
            name = self.names.take(f"_{snake(wanted)}")
            self.made[key] = Mapper(name, f"{reading.stem}Row", expression, tuple(children))
        return self.made[key]

    def _object(
        self, scope: Reading | Joined, fields: tuple[Field, ...], children: list[tuple[str, Children]] | None
    ) -> str:
        entries = [f"{literal(one.property)}: {self._value(scope, one, children)}" for one in fields if not one.secret]
        return "{" + ", ".join(entries) + (",}" if entries else "}")

    def _value(self, scope: Reading | Joined, one: Field, children: list[tuple[str, Children]] | None) -> str:
        if one.embedded is None:
            value = f"row.{scope.value(one.column, one.conversion)}"
            return f"omit_null({value})" if one.absent_when_null else value
        if one.embedded.many:
            return self._children(scope, one, one.embedded, children)
        joined = scope.joined(one.embedded)
        inside = self._object(joined, one.embedded.fields, None)
        if not joined.missing:
            return inside
        present = f"row.{joined.value(one.embedded.columns[0])} is not None"
        return f"({inside} if {present} else {'MISSING' if one.absent_when_null else 'None'})"

    def _children(
        self, scope: Reading | Joined, one: Field, embedded: Embedded, children: list[tuple[str, Children]] | None
    ) -> str:
        if children is None or not isinstance(scope, Reading):
            raise Underivable(f"`{one.property}` is a list inside an embedded object")
        if len(embedded.columns) != 1:
            raise Underivable(f"`{one.property}` belongs by a key of several columns")
        mapper = self.mapper(embedded.table, embedded.fields, embedded.schema_name or f"{one.property}_item")
        if mapper.children:
            raise Underivable(f"`{one.property}` is a list of objects with lists")
        target = self.reading(embedded.table)
        argument = snake(one.property)
        children.append(
            (
                argument,
                Children(
                    repository=embedded.table,
                    method=f"list_by_{snake(embedded.columns[0])}",
                    here=scope.value(embedded.here[0]),
                    there=target.value(embedded.columns[0]),
                    row=f"{target.stem}Row",
                    answer=mapper.name,
                ),
            )
        )
        return f"[{mapper.name}(row) for row in {argument}]"


def nested(values: Mapping[tuple[str, ...], str]) -> str:
    """A dict literal with each value at its path; the path `()` is the whole."""
    if () in values and len(values) == 1:
        return values[()]
    heads = dict.fromkeys(path[0] for path in values if path)
    parts = [
        f"{literal(head)}: {nested({path[1:]: value for path, value in values.items() if path[:1] == (head,)})}"
        for head in heads
    ]
    spread = [f"**{values[()]}"] if () in values else []
    return "{" + ", ".join([*spread, *parts]) + ",}"
