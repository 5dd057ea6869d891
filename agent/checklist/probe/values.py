"""Values of rows and of JSON compared: the same thing may be written in several ways."""

from __future__ import annotations

import base64
import datetime
import uuid
from decimal import Decimal, InvalidOperation
from typing import Any


def to_json(value: Any) -> Any:
    """A column's value as it would stand in a JSON body."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case datetime.datetime() | datetime.date() | datetime.time():
            return value.isoformat()
        case bytes() | memoryview():
            return base64.b64encode(bytes(value)).decode()
        case list() | tuple():
            return [to_json(one) for one in value]
        case dict():
            return {str(key): to_json(one) for key, one in value.items()}
        case _:
            return str(value)


def same(one: Any, other: Any) -> bool:
    """True when two JSON values mean the same: numbers by value, times by instant, e-mail addresses without case.

    A property that only one of two objects has counts as null.
    """
    if isinstance(one, dict) and isinstance(other, dict):
        return all(same(one.get(key), other.get(key)) for key in one.keys() | other.keys())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(left, right) for left, right in zip(one, other, strict=True))
    if isinstance(one, bool) or isinstance(other, bool) or one is None or other is None:
        return one is other
    return one == other or any(
        left is not None and left == read(other) for read in (_number, _instant, _uuid, _address) if (left := read(one))
    )


def _number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value)) if not isinstance(value, list | dict) else None
    except InvalidOperation:
        return None


def _instant(value: Any) -> datetime.datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def _uuid(value: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _address(value: Any) -> str | None:
    return value.lower() if isinstance(value, str) and "@" in value else None
