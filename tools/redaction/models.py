"""Models of Pydantic without secrets."""

from __future__ import annotations

from pydantic import BaseModel

from tools.redaction.room import room


def redacted[Model: BaseModel](model: Model) -> Model:
    """The same model with a mark in place of every secret in its texts; the model itself when it holds none."""
    fields = {name: getattr(model, name) for name in type(model).model_fields}
    changed = {name: after for name, before in fields.items() if (after := _without(before)) is not before}
    return model.model_copy(update=changed) if changed else model


def _without(value: object) -> object:
    """The value itself when nothing changed, so that unchanged parts are kept and not made anew."""
    match value:
        case BaseModel():
            return redacted(value)
        case tuple() if type(value) is tuple:
            parts = tuple(map(_without, value))
            return parts if any(one is not other for one, other in zip(parts, value, strict=True)) else value
        case str() | list() | dict():
            other = room.redact_all(value)
            return value if other == value else other
        case _:
            return value
