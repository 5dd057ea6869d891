"""Names as words, so that `orderItems`, `order-items` and `order_item` can be seen to mean the same."""

from __future__ import annotations

import keyword
import re
from functools import lru_cache

import inflection

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")


@lru_cache(maxsize=4096)
def words(name: str) -> tuple[str, ...]:
    """The words of a name in any spelling, in lower case: `authorId` → `("author", "id")`."""
    return tuple(word.lower() for word in _WORD.findall(name))


def snake(name: str) -> str:
    """The name in snake_case: `authorId` → `author_id`."""
    return "_".join(words(name))


@lru_cache(maxsize=4096)
def singular(name: str) -> str:
    """The name in snake_case with its last word in the singular: `OrderItems` → `order_item`."""
    parts = words(name)
    return "_".join((*parts[:-1], inflection.singularize(parts[-1]))) if parts else ""


def plural(name: str) -> str:
    """The name in snake_case with its last word in the plural: `OrderItem` → `order_items`."""
    parts = words(singular(name))
    return "_".join((*parts[:-1], inflection.pluralize(parts[-1]))) if parts else ""


def identifier(name: str) -> str:
    """The plural in snake_case, fit to name a module; `service` when nothing of the name is."""
    found = plural(name)
    return found if found.isidentifier() and not keyword.iskeyword(found) else f"service_{found}".rstrip("_")


def without_prefix(name: str, prefix: str) -> str | None:
    """`name` in snake_case without the words of `prefix` before it; None when it does not begin with them."""
    whole, start = words(name), words(prefix)
    return "_".join(whole[len(start) :]) if whole[: len(start)] == start and len(whole) > len(start) else None


def mentions(text: str, name: str) -> bool:
    """True when the words of `name` stand in `text` one after the other, in singular or plural."""
    said = [inflection.singularize(word) for word in words(text.replace("e-mail", "email").replace("E-mail", "email"))]
    sought = [inflection.singularize(word) for word in words(name)]
    return any(said[start : start + len(sought)] == sought for start in range(len(said) - len(sought) + 1))
