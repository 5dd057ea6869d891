"""Leading parts of paths that only group what stands behind them: `store` in `/store/orders/{id}`."""

from __future__ import annotations

import re
from collections.abc import Collection

from agent.binding.words import singular, snake
from agent.contract.model import Contract

Parts = tuple[str, ...]
"""The parts of a path, `()` for `/`."""

MEANING = frozenset({"me", "my", "self", "admin", "public", "private", "internal"})
"""Parts that say something about who may call, and are never skipped."""
_SESSIONS = frozenset({"auth", "authentication", "session", "login", "oauth", "oauth2", "account", "user"})
_VERSION = re.compile(r"v\d+(\.\d+)*", re.IGNORECASE)


def parts_of(path: str) -> Parts:
    """The parts between the slashes; that the last one ends as a file of JSON does says nothing of what it names."""
    return tuple(part for part in path.removesuffix(".json").split("/") if part)


def is_technical(part: str) -> bool:
    """True for `api` and for a version."""
    return part.lower() == "api" or _VERSION.fullmatch(part) is not None


def skipped(parts: Parts, groups: Collection[Parts]) -> int:
    """How many leading parts name nothing that is kept."""
    end = 0
    while end < len(parts) and (is_technical(parts[end]) or parts[: end + 1] in groups):
        end += 1
    return end


def namespaces(contract: Contract, tables: Collection[str], prefix: Parts) -> frozenset[Parts]:
    """The groups, each as all leading parts up to it. `tables` are names in the singular.

    Decided by the paths: nothing is found at the group itself, nor at its `api` or version, no parameter stands
    directly behind it, and items are selected somewhere below. Two groups with a collection of one name are none: their
    rows may be of different kinds.
    """
    paths = {parts_of(operation.path)[len(prefix) :] for operation in contract.operations}
    starts = {path[:end] for path in paths for end in range(1, len(path))}
    groups = frozenset(start for start in starts if _groups(start, paths, tables))
    homes: dict[str, set[Parts]] = {}
    for path in paths:
        end = skipped(path, groups)
        if end < len(path):
            homes.setdefault(singular(path[end]), set()).add(_spoken(path[:end]))
    crowded = {home for several in homes.values() if len(several) > 1 for home in several}
    return frozenset(start for start in groups if _spoken(start) not in crowded)


def _groups(start: Parts, paths: Collection[Parts], tables: Collection[str]) -> bool:
    last = start[-1]
    if is_technical(last) or snake(last) in MEANING or singular(last) in {*tables, *_SESSIONS}:
        return False
    below = [path[len(start) :] for path in paths if path[: len(start)] == start]
    named = all(path and "{" not in path[0] and not all(map(is_technical, path)) for path in below)
    return named and any(_selects(path[1:]) for path in below)


def _selects(parts: Parts) -> bool:
    return any("{" in part for part in parts)


def _spoken(parts: Parts) -> Parts:
    return tuple(part for part in parts if not is_technical(part))
