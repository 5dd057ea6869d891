"""Schemas that are slightly invalid, and clear in meaning."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_TYPES = ("string", "integer", "number", "boolean", "object", "array", "null")
_ALIASES: Mapping[str, tuple[str, str]] = {
    **{name: (name, "") for name in _TYPES},
    **dict.fromkeys(("int", "long", "bigint", "int64"), ("integer", "int64")),
    **dict.fromkeys(("int32", "short"), ("integer", "int32")),
    **dict.fromkeys(("float", "double"), ("number", "double")),
    **dict.fromkeys(("decimal", "numeric", "money"), ("number", "")),
    **dict.fromkeys(("bool",), ("boolean", "")),
    **dict.fromkeys(("str", "text", "char", "varchar"), ("string", "")),
    **dict.fromkeys(("datetime", "date-time", "timestamp"), ("string", "date-time")),
    **{name: ("string", name) for name in ("date", "time", "uuid", "email", "uri", "password", "binary", "byte")},
    **dict.fromkeys(("url",), ("string", "uri")),
    **dict.fromkeys(("guid",), ("string", "uuid")),
    **dict.fromkeys(("file",), ("string", "binary")),
    **dict.fromkeys(("dict", "map", "hash", "dictionary", "json"), ("object", "")),
    **dict.fromkeys(("list",), ("array", "")),
    **dict.fromkeys(("none", "nil"), ("null", "")),
    **dict.fromkeys(("any", "mixed"), ("", "")),
}
_PLAIN_INTEGERS = frozenset({"int", "bigint"})
"""Names that say nothing of the size."""
_WHOLE = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_NUMBERS = (*_WHOLE, "minimum", "maximum", "multipleOf")
_FLAGS = ("nullable", "readOnly", "writeOnly", "deprecated", "uniqueItems")
_SILENT = ("$schema", "$id", "$comment")
"""Keywords that 3.0 does not have and that change nothing."""


@dataclass(frozen=True, slots=True)
class Mend:
    """A thing that is being put right."""

    made: dict[str, Any]
    """A copy, to be changed."""
    old: bool
    """The document is of version 3.0."""
    note: Callable[..., None]
    """Takes what was assumed, and the keys that lead to it from here."""


def mend_schema(mend: Mend) -> None:
    """One schema, without those inside."""
    _types(mend)
    _numbers(mend)
    _bounds(mend)
    _required(mend)
    _items(mend)
    if mend.old:
        _newer(mend)


def _types(mend: Mend) -> None:
    made = mend.made
    if "type" not in made:
        return
    stated = made["type"]
    found = _named(stated)
    if found is None:
        return
    kinds = list(dict.fromkeys(kind for kind, _ in found))
    right = kinds[0] if len(kinds) == 1 else kinds
    if stated == right and not (mend.old and (right == "null" or isinstance(right, list))):
        return
    made.pop("type")
    form = next((form for _, form in found if form), "")
    if form:
        made.setdefault("format", form)
    shown = stated if isinstance(stated, str) else "null" if stated is None else ", ".join(map(str, stated))
    mend.note(f"`type: {shown}` is read as {' or '.join(kind or 'anything' for kind in kinds)}", "type")
    if "" not in kinds:
        _state(mend, kinds)


def _named(stated: Any) -> list[tuple[str, str]] | None:
    """Types and formats that are meant; None when that is not clear."""
    parts: list[Any] = stated if isinstance(stated, list) else [stated]
    names: list[str] = []
    for part in parts:
        if part is not None and not isinstance(part, str):
            return None
        text = "null" if part is None else part.strip().lower()
        names += [
            *re.split(r"\s*(?:\||,|/|\bor\b)\s*", text.removesuffix("?")),
            *(["null"] if text[-1:] == "?" else []),
        ]
    if not names or not all(name in _ALIASES for name in names):
        return None
    return [("integer", "") if name in _PLAIN_INTEGERS else _ALIASES[name] for name in names]


def _state(mend: Mend, kinds: list[str]) -> None:
    """Say the types in the way of the document's version."""
    made, real = mend.made, [kind for kind in kinds if kind != "null"]
    if not mend.old:
        made["type"] = kinds[0] if len(kinds) == 1 else kinds
        return
    if len(real) == 1:
        made["type"] = real[0]
    elif real:
        made.setdefault("anyOf", [{"type": kind, **({"items": {}} if kind == "array" else {})} for kind in real])
    else:
        made.setdefault("enum", [None])
    if len(real) < len(kinds):
        made["nullable"] = True


def _numbers(mend: Mend) -> None:
    """Numbers and flags that are written as text."""
    for key in _NUMBERS:
        text = mend.made.get(key)
        if isinstance(text, str) and re.fullmatch(r"-?\d+(\.\d+)?", text.strip()):
            mend.made[key] = float(text) if "." in text else int(text)
            mend.note(f"`{key}` is text, and read as the number {mend.made[key]}", key)
    for key in _FLAGS:
        text = mend.made.get(key)
        if isinstance(text, str) and text.strip().lower() in ("true", "false"):
            mend.made[key] = text.strip().lower() == "true"
            mend.note(f"`{key}` is text, and read as {text.strip().lower()}", key)


def _bounds(mend: Mend) -> None:
    """Exclusive bounds in the way of the other version."""
    made = mend.made
    for key, other in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        value = made.get(key)
        if isinstance(value, bool) and not mend.old:
            del made[key]
            if value and other in made:
                made[key] = made.pop(other)
            mend.note(f"`{key}` is read as 3.0 means it", key)
        elif mend.old and isinstance(value, int | float) and not isinstance(value, bool):
            made |= {other: value, key: True}
            mend.note(f"`{key}` is read as 3.1 means it", key)


def _required(mend: Mend) -> None:
    """`required` at a property instead of the object, and names that are no list."""
    made = mend.made
    if isinstance(made.get("required"), bool):
        del made["required"]
        mend.note("`required` at a schema that is no property says nothing, and is left out", "required")
    if isinstance(made.get("required"), str):
        made["required"] = [made["required"]]
        mend.note("one name is read as a list of one", "required")
    if mend.old and made.get("required") == []:
        del made["required"]
        mend.note("`required` is empty, and left out", "required")
    properties = made.get("properties")
    if not isinstance(properties, Mapping):
        return
    stated = {name: one["required"] for name, one in properties.items() if _says_required(one)}
    if not stated:
        return
    made["properties"] = {
        name: {key: value for key, value in one.items() if key != "required"} if name in stated else one
        for name, one in properties.items()
    }
    known = made["required"] if isinstance(made.get("required"), list) else []
    wanted = [name for name, flag in stated.items() if flag and name not in known]
    if known or wanted:
        made["required"] = [*known, *wanted]
    for name, flag in stated.items():
        mend.note(f"`required: {str(flag).lower()}` at `{name}` is read as said of its object", "properties", name)


def _says_required(schema: Any) -> bool:
    return isinstance(schema, Mapping) and isinstance(schema.get("required"), bool)


def _items(mend: Mend) -> None:
    made = mend.made
    if isinstance(made.get("items"), list):
        several = made["items"]
        made["items"] = several[0] if len(several) == 1 else {"anyOf": several} if several else {}
        mend.note("a list of `items` is read as any of them", "items")


def _newer(mend: Mend) -> None:
    """Keywords of 3.1 that 3.0 says otherwise."""
    made = mend.made
    if "const" in made:
        made.setdefault("enum", [made["const"]])
        del made["const"]
        mend.note("`const` is read as an `enum` of one value", "const")
    if isinstance(made.get("examples"), list):
        examples = made.pop("examples")
        if examples:
            made.setdefault("example", examples[0])
        mend.note("of `examples` the first is kept as `example`", "examples")
    for key in _SILENT:
        if key in made:
            del made[key]
            mend.note(f"`{key}` says nothing in version 3.0, and is left out", key)
