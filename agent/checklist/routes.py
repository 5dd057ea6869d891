"""Path templates compared without regard to the names of their parameters."""

from __future__ import annotations

import re

_PARAMETER = re.compile(r"\{[^{}]*\}")


def erased(path: str) -> str:
    """The template with its parameters' names erased: `/books/{book_id}` → `/books/{}`."""
    return _PARAMETER.sub("{}", path).rstrip("/") or "/"


def parameters(path: str) -> tuple[str, ...]:
    """The names of a template's parameters, in order."""
    return tuple(name.strip("{}").split(":", 1)[0] for name in _PARAMETER.findall(path))
