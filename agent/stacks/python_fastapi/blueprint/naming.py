"""Names of foreign documents as Python names: valid, unique, and as near to the original as can be."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata

from agent.binding.words import singular

_BREAKS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_CLASS = re.compile(r"[A-Z][A-Za-z0-9]*")
_MADE_OF_IMPORTS = {"date", "datetime", "time", "timedelta", "uuid", "router", "self", "cls"}
_RESERVED = frozenset(dir(builtins)) | _MADE_OF_IMPORTS
LONGEST = 60
"""Longer names are cut."""


def snake(text: str, *, fallback: str = "unnamed") -> str:
    """The text as a snake_case identifier: `orderItems/{id}` → `order_items_id`, `class` → `class_`."""
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9]+", "_", _BREAKS.sub("_", folded)).strip("_").lower()[:LONGEST].rstrip("_")
    if not plain:
        return fallback
    if plain[0].isdigit():
        plain = f"n{plain}"
    return f"{plain}_" if keyword.iskeyword(plain) or plain in ("self", "cls") else plain


def pascal(text: str, *, fallback: str = "Unnamed") -> str:
    """The text as a class name: `order_items` → `OrderItems`."""
    if _CLASS.fullmatch(text) and not keyword.iskeyword(text):
        return text[:LONGEST]
    made = "".join(part[:1].upper() + part[1:] for part in snake(text, fallback=fallback).split("_") if part)
    return f"{made}Class" if keyword.iskeyword(made) else made


def function_name(text: str) -> str:
    """The text as a name of a function or method; one that hides no builtin and no imported name."""
    name = snake(text, fallback="operation")
    return f"{name}_" if name in _RESERVED else name


def class_stem(name: str) -> str:
    """The singular class name of a table or resource: `order_items` → `OrderItem`."""
    return pascal(singular(name) or name)


class Names:
    """Gives each wanted name once; the next one who wants it gets it with a number."""

    def __init__(self, *taken: str) -> None:
        self._taken = set(taken)

    def take(self, wanted: str) -> str:
        """The wanted name, or the first free one made of it."""
        name, number = wanted, 2
        while name.lower() in self._taken:
            name, number = f"{wanted.rstrip('_')}_{number}", number + 1
        self._taken.add(name.lower())
        return name
