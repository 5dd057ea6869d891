"""Schemas put together of parts that say different things of one property, as one schema each.

The generator makes a class of each part and lets one inherit from the other, which no type checker accepts where both
declare a property otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agent.contract.flattening import flat
from agent.contract.model import Contract, Schema


def untangled(contract: Contract, components: Mapping[str, Schema]) -> dict[str, Any]:
    """The components with the parts of such schemas merged, at any depth; all others are as they were."""
    known = replace(contract, schemas=components)
    return {name: _untangled(known, schema) for name, schema in components.items()}


def _untangled(contract: Contract, schema: Any) -> Any:
    if isinstance(schema, list | tuple):
        return [_untangled(contract, one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    if _tangled(contract, schema):
        whole = flat(contract, schema).schema
        properties = {name: _alone(contract, one) for name, one in (whole.get("properties") or {}).items()}
        schema = {**whole, "properties": properties}
    return {key: value if key in _DATA else _untangled(contract, value) for key, value in schema.items()}


_DATA = frozenset({"default", "const", "enum", "example", "examples"})


def _tangled(contract: Contract, schema: Mapping[str, Any]) -> bool:
    parts = schema.get("allOf")
    if not isinstance(parts, list | tuple):
        return False
    declared: dict[str, Any] = dict(schema.get("properties") or {})
    for part in parts:
        for name, one in (flat(contract, part).schema.get("properties") or {}).items():
            if declared.setdefault(name, one) != one:
                return True
    return False


def _alone(contract: Contract, schema: Any) -> Any:
    """What both parts ask of the property, in one schema; a list of what both ask of the items."""
    if not isinstance(schema, Mapping) or "allOf" not in schema:
        return schema
    made = flat(contract, schema).schema
    return {**made, "items": _alone(contract, made["items"])} if "items" in made else made
