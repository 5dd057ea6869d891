"""What the generated tests need to know of a service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from agent.binding.callers import Accounts, Proof
from agent.binding.model import Binding, Bound, Field
from agent.binding.words import singular, words
from agent.catalog.model import Catalog, Column, Table
from agent.contract.model import Contract, Operation, Schema, SecurityScheme
from agent.stacks.python_fastapi.project.source import identifier
from agent.stacks.python_fastapi.project.values import Values

_NULL = {"type": "null"}


@dataclass(frozen=True)
class Shape:
    """Contract, catalog and binding of a service, with the names that its tests use."""

    contract: Contract
    catalog: Catalog
    binding: Binding

    @cached_property
    def values(self) -> Values:
        """Example values."""
        return Values(self.contract, self.catalog, column_properties(self))

    @property
    def accounts(self) -> Accounts | None:
        """Where callers come from."""
        return self.binding.accounts

    @cached_property
    def owners(self) -> Mapping[str, str]:
        """Table → the column that holds whose a row is."""
        found = {}
        for bound in self.binding.operations:
            places = [(bound.table, bound.owner)]
            places += [(step.table, step.owner) for step in bound.path]
            places += [(guard.table, guard.owner) for guard in bound.guards]
            found.update({table: owner for table, owner in places if owner})
        return found

    @property
    def nobody(self) -> str:
        """An expression for the id of a user who is not there, in the type of users' ids."""
        table = self.catalog.table(self.accounts.table) if self.accounts else None
        column = table.column(self.accounts.id_column) if table and self.accounts else None
        match column.base_type if column else "uuid":
            case "uuid":
                return 'UUID("00000000-0000-4000-8000-00000000ffff")'
            case "int2" | "int4" | "int8":
                return "32000"
        return '"nobody"'

    @property
    def takes_keys(self) -> bool:
        """Whether an operation can be called with an API key."""
        return any(Proof.KEY in self.binding.alone(one.operation) for one in self.binding.operations)

    def key_scheme(self, bound: Bound) -> SecurityScheme:
        """The first scheme of the operation that carries an API key; StopIteration when there is none."""
        single = [name for names in bound.operation.security if len(names) == 1 for name in names]
        return next(self.contract.security_schemes[one] for one in single if self.binding.proofs.get(one) is Proof.KEY)

    def table(self, name: str) -> Table:
        """The table of that name; KeyError when there is none."""
        table = self.catalog.table(name)
        if table is None:
            raise KeyError(name)
        return table

    def row_name(self, table: str) -> str:
        """What one row is called: `order_item`; with the schema where two tables would share the name."""
        local = table.rsplit(".", 1)[-1]
        shared = sum(1 for other in self.catalog.tables if other.name.rsplit(".", 1)[-1] == local) > 1
        return identifier(singular(table.replace(".", "_") if shared else local))

    def parent(self, table: Table, column: str) -> tuple[Table, str] | None:
        """The table and column that a single-column foreign key on the column refers to."""
        for key in table.foreign_keys:
            if key.columns == (column,) and self.catalog.table(key.table):
                return self.table(key.table), key.referenced[0]
        return None

    def named(self, name: str) -> Table | None:
        """The table that a parameter or property is named after: `targetTicketId` → `tickets`."""
        said = words(name.removesuffix("Id").removesuffix("_id"))
        rows = [(words(self.row_name(table.name)), table) for table in self.catalog.tables]
        fitting = [(row, table) for row, table in rows if row and said[-len(row) :] == row]
        return max(fitting, key=lambda one: len(one[0]), default=(None, None))[1]

    def body_schema(self, bound: Bound) -> Schema | None:
        """The schema of the request body, JSON first."""
        body = bound.operation.body
        if body is None:
            return None
        schema = body.json or next(iter(body.content.values()), None)
        return self.contract.resolve(schema) if schema is not None else None

    def properties(self, schema: Schema) -> dict[str, Schema]:
        """The properties of an object, those of `allOf` and of the first alternative included."""
        return properties_of(self.contract, schema)

    def answered(self, bound: Bound) -> dict[str, Schema]:
        """The properties of the object that the answer carries, or of the list's items."""
        schema = bound.operation.success.json if bound.operation.success else None
        for name in bound.envelope.data:
            schema = self.properties(schema or {}).get(name)
        resolved = self.contract.resolve(schema or {})
        return self.properties(resolved.get("items", resolved))


def properties_of(contract: Contract, schema: Schema) -> dict[str, Schema]:
    """The properties of an object, those of `allOf` and of the first alternative included."""
    resolved = contract.resolve(schema)
    found: dict[str, Schema] = {}
    alternatives = [one for one in (*resolved.get("anyOf", ()), *resolved.get("oneOf", ())) if one != _NULL]
    for branch in (*resolved.get("allOf", ()), *alternatives[:1]):
        found.update(properties_of(contract, branch))
    return {**found, **resolved.get("properties", {})}


def column_properties(shape: Shape) -> Mapping[tuple[str, str], tuple[Schema, ...]]:
    """Table and column → the schemas of the properties that are stored in it, then of those it is answered as."""
    found: dict[tuple[str, str], tuple[Schema, ...]] = {}
    bodies = [
        (bound, shape.properties(shape.body_schema(bound) or {}), bound.body) for bound in shape.binding.operations
    ]
    answers = [(bound, shape.answered(bound), bound.answer) for bound in shape.binding.operations]
    for bound, properties, fields in (*bodies, *answers):
        for field in fields:
            if field.property in properties and _stands_as_it_is(field):
                key = (bound.table, field.column)
                found[key] = (*found.get(key, ()), properties[field.property])
    return found


def _stands_as_it_is(field: Field) -> bool:
    plain = field.conversion in ("", "whole") or field.conversion.startswith("printed ")
    return plain and not (field.secret or field.embedded)


def declares(operation: Operation, status: int) -> bool:
    """True when the contract lists this status for the operation by its number."""
    return any(answer.status == str(status) for answer in operation.answers)


def declared(operation: Operation, *statuses: int) -> int:
    """The first of the statuses that the operation declares, else the first of all."""
    return next((status for status in statuses if declares(operation, status)), statuses[0])


def success_status(operation: Operation) -> int:
    """The status of the main path."""
    status = operation.success.status if operation.success else "200"
    return int(status) if status.isdigit() else 200


def written(column: Column) -> bool:
    """True when a test gives the column a value itself."""
    fills_itself = column.default is not None and ("nextval(" in column.default or column.base_type == "uuid")
    return not (column.generated or column.identity or fills_itself)
