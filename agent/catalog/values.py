"""Plausible values for columns: of their type, length and enum, and as their simple checks demand.

Values are made from a number: another number gives another value, wherever the type has room for it.
"""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import rstr

from agent.catalog.demands import Constant, Demands
from agent.catalog.model import Catalog, Column

_BEGINNING = datetime(2024, 1, 1, 12, tzinfo=UTC)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_INTEGERS = {"int2": 2**15 - 1, "int4": 2**31 - 1, "int8": 2**63 - 1, "oid": 2**31 - 1}
_MAX_WHOLE_NUMBERS = 10**9
_POSIX_CLASSES = {
    "[:alpha:]": "a-zA-Z",
    "[:digit:]": "0-9",
    "[:alnum:]": "a-zA-Z0-9",
    "[:upper:]": "A-Z",
    "[:lower:]": "a-z",
    "[:space:]": " ",
    "[:xdigit:]": "0-9a-f",
    "[:punct:]": "!.,-",
}


def value_for(catalog: Catalog, column: Column, demands: Demands, number: int, earlier: Mapping[str, Any]) -> Any:
    """A value for the column; `earlier` are the row's values so far. None when the type is not known."""
    value = _single(catalog, column, demands, number)
    for name in demands.later_than:
        value = _after(value, earlier.get(name))
    return [value] if column.array and value is not None else value


def _single(catalog: Catalog, column: Column, demands: Demands, number: int) -> Any:
    if demands.choices:
        return _converted(demands.choices[number % len(demands.choices)], column)
    if column.enum:
        found = catalog.enum(column.enum)
        return found.values[number % len(found.values)] if found and found.values else None
    if column.base_type in _TEXTS:
        return _text(column, demands, number)
    maker = _MAKERS.get(column.base_type)
    if maker is None:
        return None
    return _within(maker(column, number), column, demands, number)


def _within(value: Any, column: Column, demands: Demands, number: int) -> Any:
    """Move a value between the bounds that its checks set."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | date):
        return value
    step = _step(value, column)
    low = _bound(demands.at_least, column)
    if demands.above is not None:
        low = _bound(demands.above, column) + step
    high = _bound(demands.at_most, column)
    if demands.below is not None:
        high = _bound(demands.below, column) - step
    if low is not None and high is not None and high >= low:
        room = int((high - low) / step) + 1
        return low + step * (number % room)
    if low is not None and value < low:
        return low + step * number
    if high is not None and value > high:
        return high - step * number
    return value


def _step(value: Any, column: Column) -> Any:
    if isinstance(value, date):
        return timedelta(days=1)
    if isinstance(value, Decimal):
        return Decimal(1).scaleb(-column.numeric_scale) if column.numeric_scale else Decimal(1)
    return type(value)(1)


def _bound(constant: Constant | None, column: Column) -> Any:
    return None if constant is None else _converted(constant, column)


def _converted(constant: Constant, column: Column) -> Any:
    """A constant of an expression as a value of the column's type; as it is when that is not possible."""
    reader = _READERS.get(column.base_type)
    if reader is None or isinstance(constant, bool):
        return constant
    try:
        return reader(str(constant))
    except (ValueError, InvalidOperation):
        return constant


def _after(value: Any, earlier: Any) -> Any:
    if earlier is None or type(earlier) is not type(value):
        return value
    if isinstance(value, date):
        return max(value, earlier + timedelta(days=1))
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return max(value, earlier + type(value)(1))
    return value


def _text(column: Column, demands: Demands, number: int) -> str:
    if demands.pattern is not None and (matching := _matching(demands.pattern, number)) is not None:
        return matching
    longest = min(limit for limit in (column.max_length, demands.longest, 10_000) if limit is not None)
    if column.base_type == "bpchar" and column.max_length:
        return _lettered(number, column.max_length)
    text = _worded(column.name, number)
    if len(text) > longest:
        text = _lettered(number, longest)
    return text.ljust(demands.shortest, "x")


def _worded(name: str, number: int) -> str:
    """Text that looks like what the column's name promises."""
    lowered = name.lower()
    for part, text in _LOOKS.items():
        if part in lowered:
            return text.format(number)
    return f"{name.replace('_', ' ').strip().capitalize()} {number}"


_LOOKS = {
    "email": "person{0}@example.com",
    "mail": "person{0}@example.com",
    "url": "https://example.com/{0}",
    "homepage": "https://example.com/{0}",
    "website": "https://example.com/{0}",
    "link": "https://example.com/{0}",
    "slug": "item-{0}",
    "username": "person{0}",
    "phone": "+1555{0:07d}",
}


def _lettered(number: int, length: int) -> str:
    """Letters that count: `aab`; exactly `length` of them."""
    letters = ""
    for _ in range(length):
        number, digit = divmod(number, len(_LETTERS))
        letters = _LETTERS[digit] + letters
    return letters


def _matching(pattern: str, number: int) -> str | None:
    """A text that matches a POSIX expression; None when Python's engine reads it otherwise."""
    for name, letters in _POSIX_CLASSES.items():
        pattern = pattern.replace(name, letters)
    try:
        text = rstr.Rstr(random.Random(number)).xeger(_bounded(pattern))
        return text if re.search(pattern, text) else None
    except (re.error, KeyError, ValueError, TypeError):
        return None


def _bounded(pattern: str) -> str:
    """The pattern with open repetitions closed, so that texts stay short."""
    limits = {"+": "{3,8}", "*": "{0,6}"}
    # Escaped characters and sets are passed over.
    return re.sub(r"\\.|\[\]?[^\]]*\]|[+*]", lambda found: limits.get(found[0], found[0]), pattern)


def _integer(column: Column, number: int) -> int:
    return number % _INTEGERS[column.base_type]


def _decimal(column: Column, number: int) -> Decimal:
    scale = 2 if column.numeric_scale is None else column.numeric_scale
    whole = (column.numeric_precision or 12) - scale
    value = Decimal(number % 10 ** max(min(whole, 9), 0)) if whole > 0 else Decimal(0)
    return value.quantize(Decimal(1).scaleb(-scale)) if scale >= 0 else Decimal(10) ** -scale


def _uuid(_: Column, number: int) -> uuid.UUID:
    return uuid.UUID(int=random.Random(number).getrandbits(128), version=4)


def _bits(column: Column, number: int) -> str:
    length = column.max_length or (1 if column.base_type == "bit" else 8)
    return format(number % 2**length, f"0{length}b")


_TEXTS = frozenset(("text", "varchar", "bpchar", "citext", "name"))

_MAKERS: Mapping[str, Callable[[Column, int], Any]] = {
    **dict.fromkeys(_INTEGERS, _integer),
    "numeric": _decimal,
    "float4": lambda _, number: float(number),
    "float8": lambda _, number: float(number),
    "money": lambda _, number: f"{number % _MAX_WHOLE_NUMBERS}.00",
    "bool": lambda _, number: number % 2 == 0,
    "uuid": _uuid,
    "timestamptz": lambda _, number: _BEGINNING + timedelta(minutes=number % 10**6),
    "timestamp": lambda _, number: (_BEGINNING + timedelta(minutes=number % 10**6)).replace(tzinfo=None),
    "date": lambda _, number: (_BEGINNING + timedelta(days=number % 3650)).date(),
    "time": lambda _, number: time(number % 24, number // 24 % 60),
    "timetz": lambda _, number: time(number % 24, number // 24 % 60, tzinfo=UTC),
    "interval": lambda _, number: timedelta(minutes=number % 10**6),
    "json": lambda _, number: {"number": number},
    "jsonb": lambda _, number: {"number": number},
    "bytea": lambda _, number: number.to_bytes(8),
    "inet": lambda _, number: f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
    "cidr": lambda _, number: f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}/32",
    "macaddr": lambda _, number: f"02:00:00:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}",
    "macaddr8": lambda _, number: f"02:00:00:00:00:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}",
    "bit": _bits,
    "varbit": _bits,
    "xml": lambda _, number: f"<number>{number}</number>",
    "tsvector": lambda _, number: f"word{number}",
    "tsquery": lambda _, number: f"word{number}",
    "point": lambda _, number: f"({number},{number})",
    "line": lambda _, number: f"{{1,1,{number}}}",
    "lseg": lambda _, number: f"[(0,0),({number},1)]",
    "box": lambda _, number: f"({number},1),(0,0)",
    "path": lambda _, number: f"[(0,0),({number},1)]",
    "polygon": lambda _, number: f"((0,0),({number},1),(1,{number}))",
    "circle": lambda _, number: f"<(0,0),{number}>",
    "int4range": lambda _, number: f"[{number},{number + 1})",
    "int8range": lambda _, number: f"[{number},{number + 1})",
    "numrange": lambda _, number: f"[{number},{number + 1})",
    "daterange": lambda _, number: f"[{_day(number)},{_day(number + 1)})",
    "tsrange": lambda _, number: f"[{_day(number)},{_day(number + 1)})",
    "tstzrange": lambda _, number: f"[{_day(number)},{_day(number + 1)})",
    "hstore": lambda _, number: f"number=>{number}",
    "ltree": lambda _, number: f"top.number{number}",
}


def _day(number: int) -> date:
    return (_BEGINNING + timedelta(days=number % 10**5)).date()


_READERS: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(_INTEGERS, lambda text: int(Decimal(text))),
    "numeric": Decimal,
    "float4": float,
    "float8": float,
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "timestamptz": lambda text: datetime.fromisoformat(text).astimezone(UTC),
}
