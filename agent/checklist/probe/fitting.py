"""Values for rows that are written from below the service: such as the contract lets an answer show.

A schema often allows more than the contract does: any text where an answer has a pattern, any document where it has an
object. A service that refuses to answer such a row would be blamed for what only the probe ever wrote.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg

from agent.binding.columns import alone_unique
from agent.binding.converting import TEXTS
from agent.binding.model import Action, Binding, Bound, Field
from agent.binding.shapes import Shape, shape
from agent.catalog.model import Catalog, Column
from agent.catalog.rows import Fitted
from agent.checklist.probe.store import Store
from agent.checklist.probe.values import to_json
from agent.contract.model import Contract, Schema
from agent.contract.sample import Unsatisfiable, sample
from agent.contract.validating import checker

if TYPE_CHECKING:
    from agent.checklist.case import Case

_FREE = frozenset({"string", "integer", "number", "boolean"})
_BINDS = frozenset({"pattern", "enum", "const", "minLength", "maxLength", "multipleOf", "contentEncoding"})
_BINDS |= {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
_DIFFERENT = 64
"""How many values are made for a column whose rows may hold the same one."""


def store_of(case: Case, connection: psycopg.Connection) -> Store:
    """The database of a case, to be written as its contract lets answers show it."""
    return Store(connection, case.catalog, fitted(case.contract, case.catalog, case.binding))


def fitted(contract: Contract, catalog: Catalog, binding: Binding) -> Fitted:
    """For each column that answers show and may not show as the schema has it: how to make a value that they may."""
    found: defaultdict[str, dict[str, list[Schema]]] = defaultdict(lambda: defaultdict(list))
    for bound in binding.operations:
        for table, column, schema in _shown(contract, bound):
            if schema not in found[table][column]:
                found[table][column].append(schema)
    return {
        table.name: dict.fromkeys(binding.marks[table.name].moments if table.name in binding.marks else (), _living)
        | {
            column.name: _Fitting(contract, schemas, alone=column.name in alone_unique(table))
            for column in table.columns
            if not (table.name in binding.marks and column.name in binding.marks[table.name].columns)
            if (schemas := found[table.name][column.name]) and any(_binds(contract, column, one) for one in schemas)
        }
        for table in catalog.tables
    }


def _living(*_: object) -> None:
    """What stands where a row would be marked as removed."""


@dataclass(frozen=True, slots=True)
class _Fitting:
    """What may stand in one column."""

    contract: Contract
    schemas: Sequence[Schema]
    alone: bool
    """No two rows may have the same value."""
    _checks: list[Any] = field(default_factory=list)
    _made: dict[int, Any] = field(default_factory=dict)

    def __call__(self, usual: Any, number: int) -> Any:
        """The usual value where all answers may show it, else one that they may; the usual one if none is found."""
        if not self._checks:
            self._checks.extend(checker(self.contract, schema, "response") for schema in self.schemas)
        document = isinstance(usual, dict)  # any will do for the column, and few for whoever reads it
        if not document and all(check.is_valid(to_json(usual)) for check in self._checks):
            return usual
        number = number if self.alone else number % _DIFFERENT
        if number not in self._made:
            self._made[number] = self._sampled(usual, number)
        return self._made[number]

    def _sampled(self, usual: Any, number: int) -> Any:
        whole = {"allOf": list(self.schemas)} if len(self.schemas) > 1 else self.schemas[0]
        try:
            return sample(self.contract, whole, seed=number + 1, direction="response")
        except Unsatisfiable:
            return usual


def _shown(contract: Contract, bound: Bound) -> Iterator[tuple[str, str, Schema]]:
    """Table, column and the schema of the property that shows it."""
    success = bound.operation.success
    if success is None or success.json is None or not bound.answer:
        return
    said = shape(contract, success.json)
    for name in bound.envelope.data:
        said = shape(contract, said.properties.get(name, {}))
    if bound.action is Action.LIST:
        said = shape(contract, said.items or {})
    yield from _fields(contract, bound.table, bound.answer, said)


def _fields(contract: Contract, table: str, fields: Sequence[Field], said: Shape) -> Iterator[tuple[str, str, Schema]]:
    for one in fields:
        schema = said.properties.get(one.property, {})
        if one.embedded is None:
            if one.conversion not in {"date", "text"}:
                yield table, one.column, schema
            continue
        inner = shape(contract, schema)
        inner = shape(contract, inner.items or {}) if one.embedded.many else inner
        yield from _fields(contract, one.embedded.table, one.embedded.fields, inner)


def _binds(contract: Contract, column: Column, schema: Schema) -> bool:
    """True when the schema may say more of a value than the column's type does."""
    said = shape(contract, schema)
    plain = len(said.types) == 1 and said.types <= _FREE and not said.several
    document = column.base_type in {"json", "jsonb"}
    return document or not plain or bool(_BINDS & set(said.schema)) or (column.base_type in TEXTS and bool(said.format))
