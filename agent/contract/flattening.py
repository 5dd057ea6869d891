"""A schema in one piece: references followed and `allOf` merged, one level deep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.contract.model import Contract, Schema

_LARGER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_SMALLER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_MAX_ALTERNATIVES = 64
_TYPES_BY_KEYWORD = {
    "object": ("properties", "additionalProperties", "patternProperties", "minProperties", "maxProperties", "required"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"),
    "string": ("pattern", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
IMPOSSIBLE: Schema = {"not": {}}


@dataclass(frozen=True, slots=True)
class Flat:
    """A schema without `$ref` and `allOf`; what stands inside properties, items and alternatives is as it was."""

    schema: dict[str, Any]
    references: frozenset[str]
    """The references that were followed."""

    @property
    def alternatives(self) -> list[Any]:
        """Of `oneOf` or `anyOf`; empty when there is neither."""
        return list(self.schema.get("oneOf") or self.schema.get("anyOf") or ())

    @property
    def types(self) -> tuple[str, ...]:
        """The declared types, else those that the keywords speak of, null last; empty: any."""
        declared = self.schema.get("type")
        if isinstance(declared, str):
            return (declared,)
        if isinstance(declared, list):
            return tuple(sorted(map(str, declared), key=lambda name: name == "null"))
        return tuple(name for name, keys in _TYPES_BY_KEYWORD.items() if any(key in self.schema for key in keys))[:1]


def flat(contract: Contract, schema: Any) -> Flat:
    """The schema with references and `allOf` dissolved. Boolean schemas are `{}` and `{"not": {}}`."""
    references: set[str] = set()
    return Flat(_dissolved(contract, schema, references, 0), frozenset(references))


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """One schema that asks what both ask, as far as keywords can say it; annotations are those of the first."""
    made = {**second, **first}
    for key in first.keys() & second.keys():
        made[key] = _both(key, first[key], second[key])
    if ("oneOf" in first or "anyOf" in first) and ("oneOf" in second or "anyOf" in second):
        return _crossed(made, first, second)
    return made


def _dissolved(contract: Contract, schema: Any, references: set[str], depth: int) -> dict[str, Any]:
    if isinstance(schema, bool):
        return {} if schema else dict(IMPOSSIBLE)
    made = {key: value for key, value in schema.items() if key not in {"$ref", "allOf"}}
    parts = list(schema.get("allOf") or ())
    target = schema.get("$ref")
    if isinstance(target, str) and target not in references and depth < 50:
        references.add(target)
        parts.append(contract.schemas.get(target.rsplit("/", 1)[-1], {}))
    for part in parts:
        made = merged(made, _dissolved(contract, part, references, depth + 1))
    return made


def _both(key: str, first: Any, second: Any) -> Any:
    if key in _LARGER:
        return max(first, second)
    if key in _SMALLER:
        return min(first, second)
    match key:
        case "type":
            return _common_types(first, second)
        case "required":
            return list(dict.fromkeys([*first, *second]))
        case "properties" | "patternProperties":
            return {**first, **{name: _all(first, name, one) for name, one in second.items()}}
        case "enum":
            return [one for one in first if one in second]
        case "items" | "additionalProperties" | "propertyNames" if first != second:
            return False if first is False or second is False else {"allOf": [first, second]}
    return first


def _all(first: Mapping[str, Any], name: str, second: Any) -> Any:
    return second if name not in first or first[name] == second else {"allOf": [first[name], second]}


def _common_types(first: Any, second: Any) -> Any:
    left = [first] if isinstance(first, str) else list(first)
    right = [second] if isinstance(second, str) else list(second)
    common = [name for name in left if name in right]
    if "integer" not in common and {"integer", "number"} <= {*left, *right}:
        common.append("integer")
    return common[0] if len(common) == 1 else common


def _crossed(made: dict[str, Any], first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    pairs = [
        {"allOf": [left, right]}
        for left in first.get("oneOf") or first.get("anyOf") or ()
        for right in second.get("oneOf") or second.get("anyOf") or ()
    ]
    made.pop("oneOf", None)
    made["anyOf"] = pairs[:_MAX_ALTERNATIVES]
    return made
