"""One file of an OpenAPI document: read within bounds, parsed as data, and able to name the line of any pointer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from agent.contract.json_source import JsonProblem, json_positions, parse_json
from agent.contract.yaml_source import YamlProblem, parse_yaml
from agent.errors import ContractError, Problem

MAX_BYTES = 32_000_000
"""Size that one file may have, in bytes."""


@dataclass(frozen=True)
class SourceFile:
    """A file as it was read. `name` is how messages call it."""

    name: str
    path: Path | None
    raw: bytes
    data: Any
    is_json: bool

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes, hexadecimal."""
        return hashlib.sha256(self.raw).hexdigest()

    @cached_property
    def _lines(self) -> Mapping[tuple[str, ...], int]:
        text = self.raw.decode("utf-8-sig")
        if self.is_json:
            return json_positions(text)
        positions: dict[tuple[str, ...], int] = {}
        parse_yaml(text, positions)
        return positions

    def place(self, pointer: tuple[str, ...]) -> str:
        """`openapi.yaml:12: #/paths/~1books`; the line is that of the nearest value that exists."""
        shown = "#" + "".join(f"/{escape(part)}" for part in pointer)
        if self.path is None:
            return f"{self.name}: {shown}"
        near = pointer
        while near not in self._lines and near:
            near = near[:-1]
        return f"{self.name}:{self._lines.get(near, 1)}: {shown}"


def escape(part: str) -> str:
    """One part of a JSON pointer, escaped."""
    return part.replace("~", "~0").replace("/", "~1")


def read_source(path: Path, name: str) -> SourceFile:
    """Read and parse a file. Raises ContractError when it is missing, too big, not UTF-8, empty or not data."""
    return _parsed(name, path, read_bytes(path, name))


def read_bytes(path: Path, name: str) -> bytes:
    """The bytes of a file. Raises ContractError when it is missing, no file, too big or unreadable."""
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise _refused(name, "is not a file; give the path of an OpenAPI document")
        if size > MAX_BYTES:
            raise _refused(name, f"has {size:,} bytes; at most {MAX_BYTES:,} are read")
        return path.read_bytes()
    except FileNotFoundError:
        raise _refused(name, "does not exist") from None
    except OSError as error:
        raise _refused(name, f"cannot be read: {error.strerror}") from None


def inline_source(data: Mapping[str, Any]) -> SourceFile:
    """A document that was handed over as data. Raises ContractError when JSON cannot express it."""
    try:
        raw = json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise _refused("inline", f"cannot be written as JSON: {error}") from None
    return _parsed("inline", None, raw)


def _parsed(name: str, path: Path | None, raw: bytes) -> SourceFile:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _refused(f"{name}:{line}", f"is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    if not text.strip():
        raise _refused(name, "is empty")
    try:
        data, is_json = _data(text, path is None or path.suffix.lower() == ".json")
    except (YamlProblem, JsonProblem) as problem:
        raise _refused(f"{name}:{problem.line}", problem.message) from None
    return SourceFile(name=name, path=path, raw=raw, data=data, is_json=is_json)


def _data(text: str, surely_json: bool) -> tuple[Any, bool]:
    if surely_json:
        return parse_json(text), True
    if text.lstrip().startswith("{"):
        try:
            return parse_json(text), True
        except JsonProblem as problem:
            if "stands twice" in problem.message:
                raise
    return parse_yaml(text), False


def _refused(place: str, message: str) -> ContractError:
    return ContractError([Problem(place, message)])
