"""Patterns of ECMAScript, for engines that read another dialect: Rust's, which Pydantic uses, and Python's own."""

from __future__ import annotations

import re
import warnings
from functools import lru_cache

_PART = re.compile(
    r"""
    (?P<named>\(\?<(?![=!]))|(?P<back>\\k<(?P<name>[^>]*)>)|(?P<control>\\c(?P<letter>[A-Za-z]))
    |(?P<many>\\[dDwWsSpP])|(?P<known>\\[bBfnrtvux0-9])|(?P<letters>\\(?P<plain>[A-Za-z]))|(?P<escaped>\\.)
    |(?P<anything>\[\^\])|(?P<nothing>\[\])|(?P<opening>\[\^?)|(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)

_LOOKS = re.compile(r"\(\?<?[=!]|\\[1-9]")


@lru_cache(maxsize=4096)
def plain_pattern(pattern: str) -> bool:
    """Whether the engine that Pydantic uses reads the pattern as it is; it cannot look around or back."""
    from pydantic_core import SchemaError, SchemaValidator, core_schema

    try:
        SchemaValidator(core_schema.str_schema(pattern=pattern))
    except SchemaError:
        return False
    return True


@lru_cache(maxsize=4096)
def python_pattern(pattern: str) -> str | None:
    """The pattern as Python's engine reads it; None where it has no words for it, such as classes of Unicode."""
    made = _translated(pattern)
    return made if _compiles(made) else None


def generator_reads(pattern: str) -> bool:
    """Whether the generator of models lets an engine read the pattern that can: it knows what looks around or back."""
    return plain_pattern(pattern) or (bool(_LOOKS.search(pattern)) and _compiles(pattern))


def readable(pattern: str) -> str:
    """The pattern for a place where one of the two engines has to read it; where neither can, all pass."""
    return pattern if generator_reads(pattern) else python_pattern(pattern) or ""


def _compiles(pattern: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError):
            return False
    return True


def _translated(pattern: str) -> str:
    made, inside, many = list[str](), False, False
    for found in _PART.finditer(pattern):
        kind, text = str(found.lastgroup), found[0]
        kind = next(name for name in _PART.groupindex if found[name] is not None)
        told = _inside(kind, text, found, many) if inside else _outside(kind, text, found)
        made.append(told)
        many = kind == "many"
        inside = (inside and text != "]") or (not inside and kind == "opening")
    return "".join(made)


def _outside(kind: str, text: str, found: re.Match[str]) -> str:
    match kind:
        case "named":
            return "(?P<"
        case "back":
            return f"(?P={found['name']})"
        case "anything":
            return r"[\s\S]"
        case "nothing":
            return "(?!)"
    return r"\Z" if text == "$" else _either(kind, text, found)


def _inside(kind: str, text: str, found: re.Match[str], many: bool) -> str:
    """Between brackets a bracket is itself, and so is a hyphen that follows a class."""
    if kind in ("opening", "anything", "nothing", "named") or (text == "-" and many):
        return text.replace("[", r"\[").replace("-", r"\-")
    return _either(kind, text, found)


def _either(kind: str, text: str, found: re.Match[str]) -> str:
    match kind:
        case "control":
            return re.escape(chr(ord(found["letter"].upper()) - 64))
        case "letters":
            return str(found["plain"])
    return text
