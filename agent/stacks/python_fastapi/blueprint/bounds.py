"""What a value of a schema must keep besides its type, as Python source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.contract.model import Schema
from agent.stacks.python_fastapi.blueprint.patterns import plain_pattern, python_pattern
from agent.stacks.python_fastapi.blueprint.rephrasing import bounded
from agent.stacks.python_fastapi.blueprint.text import constant

_CONSTRAINTS = {
    "minimum": "ge",
    "exclusiveMinimum": "gt",
    "maximum": "le",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
    "minLength": "min_length",
    "maxLength": "max_length",
    "minItems": "min_length",
    "maxItems": "max_length",
    "pattern": "pattern",
}
_OF_TYPE = {
    "string": ("minLength", "maxLength", "pattern"),
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "array": ("minItems", "maxItems"),
}
_LARGEST = {"int32": 2**31 - 1, "int64": 2**63 - 1}
_READ_AS_OTHERS = frozenset({"uuid", "date", "date-time", "time"})
"""Formats whose values are no text any more when bounds would be looked at."""
_SPELT = "from src.schemas.spelling import Spelt"
_DISTINCT = "from src.schemas.distinct import distinct"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Arguments of `Query(...)` or `Field(...)`, and validators that stand beside it."""

    told: tuple[str, ...] = ()
    """`ge=1`."""
    checks: tuple[str, ...] = ()
    """`AfterValidator(distinct)`."""
    imports_beside: frozenset[str] = frozenset()
    """What `checks` need."""

    @property
    def imports(self) -> frozenset[str]:
        """What is needed where the bounds stand in a `Field`."""
        return self.imports_beside | ({"from pydantic import Field"} if self.told else frozenset())

    def spelt(self) -> tuple[str, ...]:
        """What stands beside the type in an `Annotated`."""
        return (*self.checks, f"Field({', '.join(self.told)})") if self.told else self.checks


def bounds_of(schema: Schema) -> Bounds:
    """What a schema of one type, without references and choices, asks of its values."""
    kind, form = str(schema.get("type")), str(schema.get("format", ""))
    if "enum" in schema or "const" in schema:
        return _listed(schema, kind)
    target = bounded(schema)
    keys = [key for key in _OF_TYPE.get(kind, ()) if key in target and not isinstance(target[key], bool)]
    if kind == "string" and form in _READ_AS_OTHERS:
        return _spelling({key: target[key] for key in keys}, {})
    extra: dict[str, Any] = {"format": form} if kind == "string" and form and form != "email" else {}
    checks, imports = list[str](), set[str]()
    if kind == "array" and target.get("uniqueItems") is True:
        extra["uniqueItems"] = True
        checks, imports = ["AfterValidator(distinct)"], {"from pydantic import AfterValidator", _DISTINCT}
    if "pattern" in keys and not plain_pattern(target["pattern"]):
        return _spelling({key: target[key] for key in keys}, extra)
    told = [f"{_CONSTRAINTS[key]}={constant(target[key])}" for key in keys]
    return Bounds((*told, *_extra(extra)), tuple(checks), frozenset(imports))


def _spelling(asked: Mapping[str, Any], extra: Mapping[str, Any]) -> Bounds:
    """Bounds that are looked at before the text is read as anything else; what no engine can read is only said."""
    kept = {key: python_pattern(value) if key == "pattern" else value for key, value in asked.items()}
    told = ", ".join(f"{_CONSTRAINTS[key]}={constant(value)}" for key, value in kept.items() if value is not None)
    if not told:
        return Bounds(_extra({**extra, **asked}))
    imports = frozenset({"from pydantic import BeforeValidator", _SPELT})
    return Bounds(_extra({**extra, **asked}), (f"BeforeValidator(Spelt({told}))",), imports)


def _listed(schema: Schema, kind: str) -> Bounds:
    """Listed whole numbers are compared with what was sent, which is text; of others the listing is only said."""
    if kind == "integer":
        return Bounds((), ("BeforeValidator(int)",), frozenset({"from pydantic import BeforeValidator"}))
    values = schema.get("enum", [schema.get("const")])
    return Bounds(_extra({"enum": list(values)})) if kind in ("number", "boolean") else Bounds()


def _extra(said: Mapping[str, Any]) -> tuple[str, ...]:
    return (f"json_schema_extra={dict(said)!r}",) if said else ()


def largest(schema: Schema) -> int | None:
    """The largest whole number that a schema allows, None where it says nothing."""
    above, of_format = schema.get("exclusiveMaximum"), _LARGEST.get(schema.get("format", ""))
    stated = schema.get("maximum", above - 1 if isinstance(above, int | float) else None)
    found = [int(one) for one in (stated, of_format) if isinstance(one, int | float)]
    return min(found) if found else None
