"""Types of JSON and types of columns: whether they fit, and what stands between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from agent.binding.model import Conversion
from agent.binding.reasons import Undecided
from agent.binding.shapes import Shape, shape
from agent.catalog.model import Catalog, Column
from agent.contract.model import Contract

TEXTS = frozenset({"text", "varchar", "bpchar", "char", "citext", "name"})
INTEGERS = frozenset({"int2", "int4", "int8"})
FLOATS = frozenset({"float4", "float8"})
TEMPORAL = frozenset({"date", "timestamptz", "timestamp"})
_PRINTED = frozenset({"inet", "cidr", "macaddr", "macaddr8", "ltree"})
_OF_STRINGS: dict[tuple[str, str], Conversion] = {
    ("uuid", "uuid"): "",
    ("date", "date"): "",
    ("timestamptz", "date-time"): "",
    ("timestamptz", "date"): "date",
    ("timestamp", "date-time"): "utc",
    ("timestamp", "date"): "date",
    ("time", "time"): "",
    ("timetz", "time"): "",
}
_PRINTS: dict[str, Conversion] = {
    "uuid": "printed uuid",
    "date": "printed date",
    "time": "printed time",
    "date-time": "printed date-time",
}
_READ_FROM_STRINGS = (
    INTEGERS | FLOATS | _PRINTED | {"numeric", "uuid", "date", "timestamptz", "timestamp", "time", "timetz"}
)


def conversion(
    contract: Contract, catalog: Catalog, column: Column, name: str, said: Shape, *, writes: bool
) -> Conversion:
    """What stands between the property or parameter `name` and its column.

    Raises `Undecided` when a value that one side allows cannot be carried by the other; `writes` says which way.
    """
    if column.base_type in {"json", "jsonb"} and not column.array:
        return ""
    if said.several:
        raise Undecided(f"`{name}` has several alternatives, column `{column.name}` is {column.type}")
    if column.array or said.is_array:
        return _of_array(contract, catalog, column, name, said, writes=writes)
    if column.enum:
        return _of_enum(catalog, column, name, said, writes=writes)
    types = said.types or _types_of_values(said)
    if not types and not writes:
        return ""
    for kind in sorted(types):
        found = _of_scalar(column, kind, said.format, writes=writes)
        if found is not None:
            return found
    raise Undecided(f"`{name}` is {_said(said)}, column `{column.name}` is {column.type}")


def comparing(contract: Contract, catalog: Catalog, column: Column, name: str, said: Shape) -> Conversion:
    """The same for a parameter that bounds the column's values, and need not be one of them."""
    if said.types == {"number"} and column.base_type in INTEGERS and not (column.array or said.several):
        return "number"
    return conversion(contract, catalog, column, name, said, writes=True)


def selecting(contract: Contract, catalog: Catalog, column: Column, name: str, said: Shape) -> Conversion:
    """The same for what need not be a value that the column can hold: it then selects no row, and is not stored."""
    if said.types == {"number"} and column.base_type in INTEGERS and not (column.array or said.several):
        return "whole"
    return conversion(contract, catalog, column, name, said, writes=True)


def _of_array(
    contract: Contract, catalog: Catalog, column: Column, name: str, said: Shape, *, writes: bool
) -> Conversion:
    if not (column.array and said.is_array):
        raise Undecided(f"`{name}` is {_said(said)}, column `{column.name}` is {column.type}")
    element = replace(column, array=False)
    return conversion(contract, catalog, element, name, shape(contract, said.items or {}), writes=writes)


def _of_enum(catalog: Catalog, column: Column, name: str, said: Shape, *, writes: bool) -> Conversion:
    enum = catalog.enum(column.enum or "")
    known = enum.values if enum else ()
    if said.types and said.types != {"string"}:
        raise Undecided(f"`{name}` is {_said(said)}, column `{column.name}` is the enum {column.enum}")
    if not said.values:
        return "text" if writes else ""
    lacking = [value for value in said.values if value not in known] if writes else []
    if lacking:
        raise Undecided(f"`{name}` allows {_listed(lacking)}, which the enum {column.enum} lacks")
    surplus = [] if writes else [value for value in known if value not in said.values]
    if surplus:
        raise Undecided(f"column `{column.name}` can be {_listed(surplus)}, which `{name}` does not allow")
    return ""


def _of_scalar(column: Column, kind: str, form: str, *, writes: bool) -> Conversion | None:
    base = column.base_type
    if kind == "string":
        return _of_string(base, form)
    if kind == "boolean":
        return "" if base == "bool" else None
    if kind == "integer":
        whole = base == "numeric" and (writes or column.numeric_scale == 0)
        return "" if base in INTEGERS or (writes and base in FLOATS) else "integer" if whole else None
    if kind == "number":
        return "number" if base == "numeric" else "" if base in FLOATS or (base in INTEGERS and not writes) else None
    return None


def _of_string(base: str, form: str) -> Conversion | None:
    if base in TEXTS:
        return _PRINTS.get(form, "")
    exact = _OF_STRINGS.get((base, form))
    if exact is not None:
        return exact
    contradicts = base in {"date", "timestamptz", "timestamp", "time", "timetz"} and form in {
        "date",
        "date-time",
        "time",
    }
    return "text" if base in _READ_FROM_STRINGS and not contradicts else None


def _types_of_values(said: Shape) -> frozenset[str]:
    names = {str: "string", bool: "boolean", int: "integer", float: "number"}
    return frozenset(names[type(value)] for value in said.values if type(value) in names)


def _said(said: Shape) -> str:
    kinds = " or ".join(sorted(said.types)) or "anything"
    return f"{kinds} ({said.format})" if said.format else kinds


def _listed(values: Iterable[object]) -> str:
    return ", ".join(f"`{value}`" for value in values)
