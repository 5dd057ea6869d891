"""Values out of a request's body."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.binding.model import Field
from agent.stacks.python_fastapi.blueprint.answers import Underivable
from agent.stacks.python_fastapi.blueprint.schemas import ModelField, SchemaModule
from agent.stacks.python_fastapi.blueprint.text import literal

_STORABLE = {
    *("str", "StrictStr", "StrictInt", "StrictFloat", "StrictBool", "int", "float", "bool", "UUID", "Decimal"),
    *("date", "date_aliased", "AwareDatetime", "datetime", "time", "time_aliased", "EmailStr", "bytes", "SecretStr"),
    *("None", "MISSING", "list", "Literal", "Annotated"),
}


@dataclass(frozen=True, slots=True)
class BodyValues:
    """The body's class, and how values are taken out of it."""

    schemas: SchemaModule
    type: str
    spot: str = "body"
    """The expression of what the body carries."""

    def value(self, item: Field, *, partial: bool) -> str:
        """The expression of what is stored; `MISSING` where it was left out."""
        found = self._field(item)
        spot = f"{self.spot}.{found.name}"
        stored = f"await hash_password({self._open(found, spot)})" if item.secret else self.plain(item)
        if item.conversion == "whole":
            stored = f"whole({stored}, {literal(item.property)})"
        lacking = [f"{spot} is None"] if item.unsent_when_null and "None" in found.type else []
        if "MISSING" in found.type:
            lacking += [f"{spot} is MISSING"] if item.secret else []
        elif partial and not found.required:
            lacking.append(f'"{found.name}" not in {self.spot}.model_fields_set')
        return f"MISSING if {' or '.join(lacking)} else {stored}" if lacking else stored

    def plain(self, item: Field) -> str:
        """The expression of the value as it was sent."""
        return self._open(self._field(item), f"{self.spot}.{self._field(item).name}")

    def may_be_missing(self, item: Field) -> bool:
        """Whether it can be left out, or null."""
        found = self._field(item)
        return "MISSING" in found.type or "None" in found.type

    def at(self, name: str) -> str:
        """The expression of a property that is only read."""
        found = self.schemas.field(self.type, name)
        if found is None:
            raise Underivable(f"body property `{name}` is not in every form of the body")
        return self._open(found, f"{self.spot}.{found.name}")

    def _field(self, item: Field) -> ModelField:
        found = self.schemas.field(self.type, item.property)
        if found is None:
            raise Underivable(f"body property `{item.property}` is not in every form of the body")
        return found

    def _open(self, found: ModelField, spot: str) -> str:
        if found.type == "SecretStr":
            return f"{spot}.get_secret_value()"
        used = set(re.findall(r"[A-Za-z_]+", re.sub(r"'[^']*'|\"[^\"]*\"", "", found.type)))
        known = _STORABLE | set(self.schemas.members)
        if "SecretStr" in used:
            return f"{spot}.get_secret_value() if isinstance({spot}, SecretStr) else {spot}"
        return spot if used <= known else f"jsonable({spot})"


__all__ = ["BodyValues", "literal"]
