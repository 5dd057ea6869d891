"""Objects that need one of several lists of properties: `anyOf` of nothing but `required`."""

from __future__ import annotations

from collections.abc import Mapping

from agent.contract.model import Schema

_SAID = frozenset({"required", "title", "description"})


def needs_of(schema: Schema) -> tuple[tuple[str, ...], ...]:
    """The lists of names of which one must be there whole; empty where no `anyOf` says just that."""
    properties, choices = schema.get("properties"), schema.get("anyOf")
    if not isinstance(properties, Mapping) or not isinstance(choices, list | tuple):
        return ()
    plain = all(isinstance(one, Mapping) and set(one) <= _SAID and _names(one.get("required")) for one in choices)
    found = tuple(tuple(one["required"]) for one in choices) if plain else ()
    return found if all(name in properties for names in found for name in names) else ()


def _names(listed: object) -> bool:
    return isinstance(listed, list | tuple) and bool(listed) and all(isinstance(name, str) for name in listed)
