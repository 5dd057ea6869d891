"""Bodies that say by one property what they are about: `{"book": {"title": ...}}`."""

from __future__ import annotations

from dataclasses import replace

from agent.binding.columns import short
from agent.binding.inputs import USER_WORDS, Inputs
from agent.binding.shapes import Shape
from agent.binding.words import singular, snake
from agent.contract.model import Operation, Schema

_WRAPPERS = frozenset({"data", "item", "record", "attributes", "payload", "session", "credentials", "auth"})


def unwrapped(inputs: Inputs, operation: Operation) -> Operation:
    """The operation with what its body carries in place of the body, where that stands within a single property."""
    body = operation.body
    if body is None or not body.content:
        return operation
    found = {media: _inside(inputs, schema) for media, schema in body.content.items()}
    names = {inner[0] for inner in found.values()}
    if len(names) != 1 or "" in names:
        return operation
    content = {media: schema for media, (_, schema) in found.items()}
    return replace(operation, body=replace(body, content=content, within=(*body.within, *names)))


def _inside(inputs: Inputs, schema: Schema) -> tuple[str, Schema]:
    """The only property of a body and its schema, where that is an object named after a thing; else an empty name."""
    said = inputs.shape(schema)
    names = list(said.properties) if said.is_object else []
    if len(names) != 1:
        return "", schema
    inner: Schema = said.properties[names[0]]
    wraps = inputs.shape(inner).is_object and _names_a_thing(inputs, names[0])
    return (names[0], inner) if wraps and not _is_value(inputs, names[0], inputs.shape(inner)) else ("", schema)


def _names_a_thing(inputs: Inputs, name: str) -> bool:
    things = {singular(short(table)) for table in inputs.catalog.tables}
    return snake(name) in _WRAPPERS | USER_WORDS | things


def _is_value(inputs: Inputs, name: str, inner: Shape) -> bool:
    """True where a column holds such an object as a whole, or it may be null."""
    kept = {
        snake(column.name)
        for table in inputs.catalog.tables
        for column in table.columns
        if column.base_type in {"json", "jsonb"}
    }
    return inner.nullable or snake(name) in kept
