"""Which tests ran a function that was edited since, as the last verification of the whole checklist saw it.

This chooses what is asked first, and settles nothing: code can reach further than one run of the tests has shown.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from pydantic import BaseModel, ConfigDict

_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Function(BaseModel):
    """A function or a method, with all that is inside it."""

    model_config = ConfigDict(frozen=True)

    name: str
    """`BookService.update`."""
    first: int
    """Of its decorators, where it has some."""
    last: int
    body: str
    """Digest."""


class Shape(BaseModel):
    """A file in two parts: what its functions do, and everything else."""

    model_config = ConfigDict(frozen=True)

    outline: str
    """Digest of everything but the bodies of functions: what runs when it is imported, and how functions are called."""
    functions: tuple[Function, ...] = ()


class Ran(BaseModel):
    """What the tests ran, and on which code."""

    model_config = ConfigDict(frozen=True)

    shapes: Mapping[str, Shape]
    tests: Mapping[str, Mapping[str, tuple[int, ...]]]
    """Test → file → first lines of the functions that it ran."""
    broken: tuple[str, ...] = ()
    """Those that did not pass."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The tests to ask first."""

    tests: tuple[str, ...] = ()
    """Tests and files of tests; empty where nothing can be chosen, or nothing is to be asked."""
    edited: tuple[str, ...] = ()
    """The functions that were edited, and the files of tests."""
    why: str = ""
    """Why nothing was chosen."""


def shape_of(path: str, text: str) -> Shape:
    """The parts of one file; whatever is no Python has one part."""
    try:
        tree = ast.parse(text) if path.endswith(".py") else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    if tree is None:
        return Shape(outline=_digest(text))
    found = tuple(_taken_out(tree, ""))
    return Shape(outline=_digest(ast.dump(tree)), functions=found)


def shapes_of(files: Mapping[str, str]) -> dict[str, Shape]:
    """The parts of all files."""
    return {path: shape_of(path, text) for path, text in files.items()}


def choose(ran: Ran, now: Mapping[str, Shape], most: int) -> Chosen:
    """The tests that ran what is another one now, at most so many: those that ran the least; edited test files whole.

    Nothing where more than bodies of functions and tests has changed.
    """
    paths = sorted(path for path in ran.shapes.keys() | now.keys() if ran.shapes.get(path) != now.get(path))
    ours = [path for path in paths if _holds_tests(path) and path in now]
    for path in paths:
        before, after = ran.shapes.get(path), now.get(path)
        if path not in ours and (before is None or after is None or not _alike(before, after)):
            return Chosen(why=f"{path} changed outside the bodies of functions, which any test may notice")
    edited = {path: _edited(ran.shapes[path], now[path]) for path in paths if path not in ours}
    kept = {test: seen for test, seen in ran.tests.items() if _file_of(test) not in ours and _file_of(test) in now}
    touching = [test for test, seen in kept.items() if _touches(seen, edited)]
    touching.sort(key=lambda test: (test not in ran.broken, sum(map(len, kept[test].values())), test))
    again = [test for test in ran.broken if test in kept and test not in touching]
    named = (*ours, *(f"{path}: {one.name}" for path, functions in edited.items() for one in functions))
    tests = (*ours, *again, *touching[:most])
    return Chosen(tests, named, "" if tests else _nothing(named))


def _nothing(named: tuple[str, ...]) -> str:
    return f"no test ran {', '.join(named)}" if named else "nothing has changed since"


def _alike(before: Shape, after: Shape) -> bool:
    """Whether only bodies differ."""
    names = [[one.name for one in shape.functions] for shape in (before, after)]
    return before.outline == after.outline and names[0] == names[1]


def _edited(before: Shape, after: Shape) -> tuple[Function, ...]:
    """The functions, as they stood, whose bodies are other ones now."""
    pairs = zip(before.functions, after.functions, strict=True)
    return tuple(old for old, new in pairs if old.body != new.body)


def _touches(seen: Mapping[str, tuple[int, ...]], edited: Mapping[str, tuple[Function, ...]]) -> bool:
    return any(
        one.first <= line <= one.last
        for path, functions in edited.items()
        for one in functions
        for line in seen.get(path, ())
    )


def _holds_tests(path: str) -> bool:
    name = PurePosixPath(path)
    return name.parts[0] == "tests" and name.suffix == ".py" and name.name.startswith("test_")


def _file_of(test: str) -> str:
    return test.partition("::")[0]


def _taken_out(node: ast.AST, within: str) -> Iterator[Function]:
    """The functions below a node, whose bodies are emptied; what is inside a function is part of it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Function):
            first = min([child.lineno, *(one.lineno for one in child.decorator_list)])
            body, child.body = child.body, []
            digest = _digest("\n".join(map(ast.dump, body)))
            yield Function(name=f"{within}{child.name}", first=first, last=child.end_lineno or first, body=digest)
        else:
            inner = f"{within}{child.name}." if isinstance(child, ast.ClassDef) else within
            yield from _taken_out(child, inner)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
