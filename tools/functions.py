"""Replaces a whole Python function, named as code names it; what stands around it keeps every byte."""

from __future__ import annotations

import ast
import difflib
import textwrap
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.errors import EditFailed
from tools.imported import is_import, with_imports

if TYPE_CHECKING:
    import libcst

_NEAR = 3


@dataclass(frozen=True, slots=True)
class FunctionPlace:
    """Where a function stands."""

    path: str
    name: str
    """Within its file: `OrderService.cancel`."""


def find_function(paths: Collection[str], name: str) -> FunctionPlace:
    """Where the function of that qualified name must stand: `services.orders.OrderService.cancel`.

    The name may begin anywhere in the folders, as long as one file alone fits; else EditFailed is raised.
    """
    parts = name.split(".")
    for count in range(len(parts) - 1, 0, -1):
        module, inner = ".".join(parts[:count]), ".".join(parts[count:])
        fitting = [path for path in paths if f".{_module(path)}".endswith(f".{module}")]
        exact = [path for path in fitting if _module(path) == module] or fitting
        if len(exact) > 1:
            raise EditFailed(f"{name}: stands in several files: {', '.join(sorted(exact))}; name it in full")
        if exact:
            return FunctionPlace(exact[0], inner)
    modules = [_module(path) for path in paths if path.endswith(".py")]
    raise EditFailed(f"{name}: no file has this module{_nearest(name.rpartition('.')[0], modules)}")


def replace_function(text: str, place: FunctionPlace, source: str) -> str:
    """The file's text with the function in place of the old one; comments above it and its decorators stay, where the
    source has none of its own. The source may be indented in any way. Imports that stand above the function in the
    source are added to those of the file.

    Raises EditFailed, with line and reason, when the source is no single function of that name, when the file has
    no such function, or several, and when either cannot be parsed.
    """
    import libcst

    new, imports = _function(place, source)
    try:
        module = libcst.parse_module(text)
    except libcst.ParserSyntaxError as error:
        raise EditFailed(f"{place.path}: line {error.raw_line} cannot be parsed; mend it with edit_file") from error
    found = dict(_functions(module.body))
    counts = [known for known, _ in _functions(module.body)].count(place.name)
    if not counts:
        raise EditFailed(f"{place.path}: has no function {place.name}{_nearest(place.name, list(found))}")
    if counts > 1:
        raise EditFailed(f"{place.path}: has {place.name} {counts} times; use edit_file")
    old = found[place.name]
    changed = module.deep_replace(old, _dressed(new, old))
    assert isinstance(changed, libcst.Module)
    return with_imports(changed, imports).code


def transplant(text: str, origin: str, name: str) -> str:
    """The text with the function of that name as the origin has it. Raises EditFailed where either has none."""
    import libcst

    try:
        module, other = libcst.parse_module(text), libcst.parse_module(origin)
    except libcst.ParserSyntaxError as error:
        raise EditFailed(f"{name}: line {error.raw_line} cannot be parsed") from error
    old, new = dict(_functions(module.body)).get(name), dict(_functions(other.body)).get(name)
    if old is None or new is None:
        raise EditFailed(f"{name}: is not in both texts")
    changed = module.deep_replace(old, new)
    assert isinstance(changed, libcst.Module)
    return changed.code


def _function(place: FunctionPlace, source: str) -> tuple[libcst.FunctionDef, list[libcst.CSTNode]]:
    """The function of a source, and the lines of imports above it."""
    import libcst

    text = textwrap.dedent(source).strip("\n") + "\n"
    try:
        ast.parse(text)
        module = libcst.parse_module(text)
    except SyntaxError as error:
        shown = f": {error.text.strip()}" if error.text else ""
        raise EditFailed(f"{place.name}: line {error.lineno} of the source: {error.msg}{shown}") from error
    except (libcst.ParserSyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise EditFailed(f"{place.name}: the source cannot be parsed: {error}") from error
    wanted = place.name.rpartition(".")[2]
    match list(module.body):
        case [*imports, libcst.FunctionDef() as function] if function.name.value == wanted and all(
            map(is_import, imports)
        ):
            comments = [] if imports else [line for line in module.header if line.comment]
            return function.with_changes(leading_lines=[*comments, *function.leading_lines]), list(imports)
    raise EditFailed(
        f"{place.name}: the source must be the function `{wanted}` and nothing else, but for imports above it"
    )


def _functions(body: Sequence[libcst.CSTNode], within: str = "") -> Iterator[tuple[str, libcst.FunctionDef]]:
    """Every function of modules and classes, in order, with its name; those inside functions are left out."""
    import libcst

    for node in body:
        match node:
            case libcst.FunctionDef():
                yield f"{within}{node.name.value}", node
            case libcst.ClassDef(name=libcst.Name(value=name), body=libcst.IndentedBlock(body=inner)):
                yield from _functions(inner, f"{within}{name}.")


def _dressed(new: libcst.FunctionDef, old: libcst.FunctionDef) -> libcst.FunctionDef:
    """The new function with the lines above the old one, and its decorators."""
    own = [line for line in new.leading_lines if line.comment]
    above = [*(line for line in old.leading_lines if not line.comment), *own] if own else old.leading_lines
    return new.with_changes(leading_lines=above, decorators=new.decorators or old.decorators)


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") if path.endswith(".py") else ""


def _nearest(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=_NEAR, cutoff=0.5)
    return f"; nearest: {', '.join(near)}" if near else ""
