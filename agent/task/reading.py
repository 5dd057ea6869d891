"""From the bytes of a task file to plain data, with the line of each key."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from agent.errors import Problem, TaskError
from agent.task.yaml12 import Loader, compose, construct

Where = tuple[str | int, ...]
"""Keys and indexes from the top down: `("budget", "usd")`."""

MAX_BYTES = 32 << 20
MAX_DEPTH = 100
MAX_NODES = 1_000_000
"""After aliases are followed."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file as read."""

    data: Any
    lines: Mapping[Where, int]
    """1-based line of each key and list item of the upper levels."""


def read_document(path: Path) -> Document:
    """Read a YAML or JSON file. Raises TaskError with the place of what makes it unreadable."""
    text = _text(path)
    if not text.strip():
        raise _unreadable(path, None, "the file is empty; `agent init` writes one to start from")
    if path.suffix.lower() == ".json":
        return Document(_json(path, text), _lines_of_json(text))
    return _yaml(path, text)


def _text(path: Path) -> str:
    try:
        if path.is_dir():
            raise _unreadable(path, None, "is a folder; expected the task file in it")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _unreadable(path, None, "there is no such file; `agent init` writes one") from None
    except (OSError, ValueError) as error:
        raise _unreadable(path, None, f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(content) > MAX_BYTES:
        raise _unreadable(path, None, f"is bigger than {MAX_BYTES >> 20} MB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _unreadable(
            path, line, f"byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8"
        ) from None


def _json(path: Path, text: str) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        twice = [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]
        if twice:
            raise _unreadable(path, None, f"the key {twice[0]!r} stands twice in one object")
        return dict(pairs)

    try:
        return json.loads(text, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        raise _unreadable(path, error.lineno, f"is no JSON: {error.msg} (column {error.colno})") from None
    except RecursionError:
        raise _unreadable(path, None, "is nested too deeply") from None
    except ValueError:
        raise _unreadable(path, None, "holds a number of too many digits") from None


def _lines_of_json(text: str) -> Mapping[Where, int]:
    """JSON is YAML but for tabs, which stand between tokens only."""
    try:
        node = compose(text.replace("\t", " "))
    except (yaml.YAMLError, RecursionError):
        return {}
    return dict(_lines(node, (), 3)) if node else {}


def _yaml(path: Path, text: str) -> Document:
    try:
        _bounded(path, text)
        node = compose(text)
        if node is None:
            raise _unreadable(path, None, "says nothing; `agent init` writes one to start from")
        if problems := list(_duplicates(path, node)):
            raise TaskError(problems)
        if _size(node) > MAX_NODES:
            raise _unreadable(path, None, f"its aliases stand for more than {MAX_NODES:,} values")
        return Document(construct(node), dict(_lines(node, (), 3)))
    except yaml.YAMLError as error:
        raise _malformed(path, text, error) from None
    except ValueError:
        raise _unreadable(path, None, "holds a number of too many digits") from None


def _bounded(path: Path, text: str) -> None:
    """Refuse what is deep enough to exhaust the parser, and tags, before anything is built."""
    depth = 0
    for event in yaml.parse(text, Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        line = event.start_mark.line + 1 if event.start_mark else None
        if depth > MAX_DEPTH:
            raise _unreadable(path, line, f"is nested deeper than {MAX_DEPTH} levels")
        if (tag := getattr(event, "tag", None)) not in {None, "!"}:
            raise _unreadable(path, line, f"the tag {tag!r} has no meaning in a task")


def _malformed(path: Path, text: str, error: yaml.YAMLError) -> TaskError:
    mark = (error.problem_mark or error.context_mark) if isinstance(error, yaml.MarkedYAMLError) else None
    if not isinstance(error, yaml.MarkedYAMLError) or mark is None:
        position = int(getattr(error, "position", 0) or 0)
        before = text.encode()[:position].count(b"\n")
        return _unreadable(path, before + 1, f"is no YAML: {getattr(error, 'reason', error)}")
    line = "".join(text.splitlines()[mark.line : mark.line + 1])
    hint = "; indent with spaces, not with tabs" if "\t" in line[: len(line) - len(line.lstrip())] else ""
    what = error.problem or error.context or "cannot be parsed"
    return _unreadable(path, mark.line + 1, f"is no YAML: {what} (column {mark.column + 1}){hint}")


def _children(node: yaml.Node) -> Iterator[tuple[yaml.Node | None, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        yield from node.value
    elif isinstance(node, yaml.SequenceNode):
        yield from ((None, item) for item in node.value)


def _duplicates(path: Path, top: yaml.Node) -> Iterator[Problem]:
    seen, queue = {id(top)}, [top]
    while queue:
        node = queue.pop()
        keys: dict[str, int] = {}
        for key, value in _children(node):
            if isinstance(key, yaml.ScalarNode):
                line = key.start_mark.line + 1
                if key.value in keys:
                    message = f"the key {key.value!r} stands here again, first in line {keys[key.value]}"
                    yield Problem(f"{path}:{line}", message)
                keys.setdefault(key.value, line)
            if id(value) not in seen:
                seen.add(id(value))
                queue.append(value)


def _size(top: yaml.Node) -> int:
    """How many values there are when aliases are followed; endless ones count as too many."""
    sizes: dict[int, int] = {}
    open_: set[int] = set()

    def size(node: yaml.Node) -> int:
        if id(node) in open_:
            return MAX_NODES + 1
        if id(node) not in sizes:
            open_.add(id(node))
            sizes[id(node)] = 1 + sum(size(value) for _, value in _children(node))
            open_.remove(id(node))
        return sizes[id(node)]

    return size(top)


def _lines(node: yaml.Node, where: Where, levels: int) -> Iterator[tuple[Where, int]]:
    if levels == 0:
        return
    for index, (key, value) in enumerate(_children(node)):
        at = (*where, str(key.value) if isinstance(key, yaml.ScalarNode) else index)
        yield at, (key or value).start_mark.line + 1
        yield from _lines(value, at, levels - 1)


def _unreadable(path: Path, line: int | None, message: str) -> TaskError:
    return TaskError([Problem(f"{path}:{line}" if line else str(path), message)])
