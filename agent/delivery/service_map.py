"""What a delivered service consists of, for people: operations, tables, and which works on which."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

from agent.binding.model import Binding, Bound, Field
from agent.catalog.model import Catalog


class _Published(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class MappedOperation(_Published):
    """One operation of the contract."""

    operation: str
    """`GET /books`."""
    does: str
    """`list`, `create` ...; empty when that could not be derived."""
    tables: tuple[str, ...]
    """The table that it is about, then those that it looks at besides; empty when it is about none."""


class MappedTable(_Published):
    """One table of the schema."""

    name: str
    columns: int
    """How many it has."""
    references: tuple[str, ...]
    """The tables that its foreign keys lead to."""


class ServiceMap(_Published):
    """Everything that there is."""

    operations: tuple[MappedOperation, ...]
    """In the contract's order."""
    tables: tuple[MappedTable, ...]
    """In the schema's order."""


def service_map(catalog: Catalog, binding: Binding) -> ServiceMap:
    """The map of a service for this contract and schema."""
    tables = tuple(
        MappedTable(
            name=table.name,
            columns=len(table.columns),
            references=tuple(dict.fromkeys(key.table for key in table.foreign_keys)),
        )
        for table in catalog.tables
    )
    operations = tuple(
        MappedOperation(
            operation=bound.operation.key,
            does=bound.action.value if bound.action else "",
            tables=tuple(dict.fromkeys(_tables(bound))),
        )
        for bound in binding.operations
    )
    return ServiceMap(operations=operations, tables=tables)


def _tables(bound: Bound) -> Iterator[str]:
    if bound.table:
        yield bound.table
    yield from (step.table for step in bound.path)
    yield from (guard.table for guard in bound.guards)
    yield from _embedded(bound.answer)


def _embedded(fields: tuple[Field, ...]) -> Iterator[str]:
    for field in fields:
        if field.embedded:
            yield field.embedded.table
            yield from _embedded(field.embedded.fields)
