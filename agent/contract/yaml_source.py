"""YAML as data: only what JSON can say, built from parser events so that hostile text stays cheap.

Differs from YAML 1.1 where documents of today expect it: `on`, `yes` and dates are strings, keys are always strings
(`200:` is "200"). Depth and the number of values, counted with every alias written out, are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

MAX_DEPTH = 200
"""Levels of nesting that a document may have."""
MAX_VALUES = 3_000_000
"""Values that a document may have once every alias is written out."""

_NULL = re.compile(r"|~|null|Null|NULL")
_BOOLEAN = re.compile(r"true|True|TRUE|false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]{1,300}")
_OCTAL_OR_HEXADECIMAL = re.compile(r"0o[0-7]{1,300}|0x[0-9a-fA-F]{1,300}")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_TAG = "tag:yaml.org,2002:"
_MERGE = object()

Path = tuple[str, ...]


class YamlProblem(Exception):
    """The text is not usable YAML. `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(slots=True)
class _Open:
    """A collection that is being filled."""

    value: dict[str, Any] | list[Any]
    anchor: str | None
    size: int = 1
    key: Any = None
    has_key: bool = False
    merges: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class _Anchored:
    value: Any
    size: int


def parse_yaml(text: str, positions: dict[Path, int] | None = None) -> Any:
    """The first document of the text; `positions`, when given, receives the line of each path.

    Raises YamlProblem for what is not YAML, or not data, or larger than the bounds of this module.
    """
    try:
        return _Builder(positions).build(yaml.parse(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = " ".join(part for part in (error.context, error.problem) if part)
        raise YamlProblem(mark.line + 1 if mark else 1, f"not valid YAML: {message}") from None
    except yaml.YAMLError as error:
        raise YamlProblem(1, f"not valid YAML: {error}") from None


class _Builder:
    def __init__(self, positions: dict[Path, int] | None) -> None:
        self._positions = positions
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Anchored] = {}
        self._root: Any = None
        self._documents = 0
        self._total = 0

    def build(self, events: Iterator[Any]) -> Any:
        handlers = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._open,
            yaml.SequenceStartEvent: self._open,
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }
        for event in events:
            handler = handlers.get(type(event))
            if handler is not None:
                handler(event)
        return self._root

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            raise YamlProblem(_line(event), "a second YAML document begins here; one file holds one document")

    def _open(self, event: Any) -> None:
        self._refuse_key(event)
        if len(self._stack) >= MAX_DEPTH:
            raise YamlProblem(_line(event), f"nested deeper than {MAX_DEPTH} levels")
        mapping = isinstance(event, yaml.MappingStartEvent)
        _check_tag(event, "map" if mapping else "seq")
        self._note(event)
        self._stack.append(_Open({} if mapping else [], event.anchor))

    def _close(self, event: Any) -> None:
        done = self._stack.pop()
        if isinstance(done.value, dict):
            for source in done.merges:
                for key, value in source.items():
                    done.value.setdefault(key, value)
        self._add(event, done.value, done.size, done.anchor)

    def _alias(self, event: Any) -> None:
        self._refuse_key(event)
        known = self._anchors.get(event.anchor)
        if known is None:
            raise YamlProblem(_line(event), f"alias *{event.anchor} stands before or inside its anchor")
        self._note(event)
        self._add(event, known.value, known.size, None)

    def _scalar(self, event: Any) -> None:
        top = self._stack[-1] if self._stack else None
        if top is not None and isinstance(top.value, dict) and not top.has_key:
            self._key(event, top)
            return
        self._note(event)
        self._add(event, _value(event), 1, event.anchor)

    def _key(self, event: Any, top: _Open) -> None:
        merge = event.value == "<<" and event.implicit[0]
        key: Any = _MERGE if merge else event.value
        assert isinstance(top.value, dict)
        if not merge:
            if key in top.value:
                raise YamlProblem(_line(event), f"the key `{key}` stands twice in one mapping; remove one of them")
            top.value[key] = None
        if event.anchor:
            self._anchors[event.anchor] = _Anchored(event.value, 1)
        top.key, top.has_key = key, True
        self._note(event)

    def _add(self, event: Any, value: Any, size: int, anchor: str | None) -> None:
        self._total += 1
        if size > MAX_VALUES or self._total > MAX_VALUES:
            raise YamlProblem(_line(event), f"more than {MAX_VALUES:,} values once its aliases are written out")
        if anchor:
            self._anchors[anchor] = _Anchored(value, size)
        if not self._stack:
            self._root = value
            return
        top = self._stack[-1]
        top.size += size
        if isinstance(top.value, list):
            top.value.append(value)
        elif top.key is _MERGE:
            top.merges.extend(_merge_sources(event, value))
            top.has_key = False
        else:
            top.value[top.key] = value
            top.has_key = False

    def _refuse_key(self, event: Any) -> None:
        top = self._stack[-1] if self._stack else None
        if top is not None and isinstance(top.value, dict) and not top.has_key:
            raise YamlProblem(_line(event), "a key that is not a plain text; keys are texts")

    def _note(self, event: Any) -> None:
        if self._positions is None:
            return
        path = tuple(
            str(len(one.value)) if isinstance(one.value, list) else str(one.key)
            for one in self._stack
            if isinstance(one.value, list) or one.has_key
        )
        self._positions.setdefault(path, _line(event))


def _merge_sources(event: Any, value: Any) -> list[dict[str, Any]]:
    sources = value if isinstance(value, list) else [value]
    if not all(isinstance(source, dict) for source in sources):
        raise YamlProblem(_line(event), "`<<` merges mappings only")
    return sources


def _value(event: Any) -> Any:
    text = event.value
    if not event.implicit[0]:
        if event.tag and event.tag != f"{_TAG}str" and event.tag != "!":
            return _tagged(event)
        return text
    return _plain(event, text)


def _plain(event: Any, text: str) -> Any:
    if not text or (text[0] not in "-+.0123456789tTfFnN~"):
        return text or None
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NULL.fullmatch(text):
        return None
    if _BOOLEAN.fullmatch(text):
        return text[0] in "tT"
    if _NUMBER.fullmatch(text):
        number = float(text)
        if number in (float("inf"), float("-inf")):
            raise YamlProblem(_line(event), f"{text[:40]} is too large a number")
        return number
    if _OCTAL_OR_HEXADECIMAL.fullmatch(text):
        return int(text, 0)
    if _NOT_FINITE.fullmatch(text):
        raise YamlProblem(_line(event), f"{text} is not a JSON number")
    return text


def _tagged(event: Any) -> Any:
    if event.tag not in {f"{_TAG}{name}" for name in ("int", "float", "bool", "null")}:
        raise YamlProblem(_line(event), f"the tag {event.tag} is not supported; use plain values")
    return _plain(event, event.value)


def _check_tag(event: Any, kind: str) -> None:
    if event.tag and event.tag not in (f"{_TAG}{kind}", "!"):
        raise YamlProblem(_line(event), f"the tag {event.tag} is not supported; use plain values")


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
