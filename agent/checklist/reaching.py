"""Which files a service runs besides its own: what it imports, or names to have it run."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from posixpath import basename, dirname
from typing import Final

from agent.checklist.names import nodes, syntax_trees

_STARTING: Final = ("Dockerfile", "Procfile")


def reached(files: Mapping[str, str], own: Collection[str]) -> frozenset[str]:
    """The other Python files that code in `own` imports, directly or not, or names as a module or a path; and those
    that an image or a Procfile starts with."""
    trees = dict(syntax_trees(files))
    others = [path for path in trees if path not in own]
    found = {path for path in others if any(_starts(files[one], path) for one in files if _is_start(one))}
    waiting = [*own, *found]
    while waiting:
        path = waiting.pop()
        names = set(_named(trees[path], path)) if path in trees else set[str]()
        new = {one for one in others if one not in found and not names.isdisjoint(_names_of(one))}
        found |= new
        waiting += new
    return frozenset(found)


def _named(tree: ast.Module, path: str) -> Iterator[str]:
    """Modules that it imports, and every text in it, which may name one."""
    for node in nodes(tree):
        match node:
            case ast.Import(names=names):
                for one in names:
                    yield from _and_packages(one.name)
            case ast.ImportFrom(module=module, names=names, level=level):
                package = ".".join(path.split("/")[:-level]) if level else ""
                base = ".".join(filter(None, (package, module)))
                yield from _and_packages(base)
                yield from (f"{base}.{one.name}".lstrip(".") for one in names)
            case ast.Constant(value=str(text)) if not {".", "/"}.isdisjoint(text):
                yield text


def _names_of(path: str) -> frozenset[str]:
    """What a file is called by: its path, and its module, also below `src` without saying so."""
    place = dirname(path) if basename(path) == "__init__.py" else path.removesuffix(".py")
    places = {place, place.removeprefix("src/")}
    return frozenset({path, f"./{path}", *(one.replace("/", ".") for one in places)})


def _and_packages(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.rpartition(".")[0]


def _is_start(path: str) -> bool:
    return basename(path).startswith(_STARTING)


def _starts(text: str, path: str) -> bool:
    module = path.removesuffix(".py").replace("/", ".")
    return path in text or f"-m {module}" in text or f'"-m", "{module}"' in text
