"""Which changes are tried, and in which order: spread over all functions, chosen by a seed."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator, Mapping
from itertools import accumulate, chain, zip_longest

from agent.checklist.layers import code, layer
from agent.checklist.mutants.model import Mutant
from agent.checklist.mutants.operators import in_statement
from agent.checklist.names import syntax_trees

_CACHING = frozenset({"cache", "lru_cache", "cached_property", "overload", "override"})
_SHOWN = 70

Function = ast.FunctionDef | ast.AsyncFunctionDef


def planned(files: Mapping[str, str], seed: int) -> tuple[Mutant, ...]:
    """Every mutant of handlers, services and repositories, best first: each function's first, then each one's second.

    Every third is a boundary, for as long as there are any. Where there are no such layers, all code counts.
    """
    layered = {path: text for path, text in files.items() if layer(path)}
    chosen = layered or code(files)
    found = [one for path, tree in syntax_trees(chosen) for one in _of_file(path, chosen[path], tree)]
    chance = random.Random(seed)
    plain = _spread([one for one in found if not one.edge], chance)
    edges = _spread([one for one in found if one.edge], chance)
    return tuple(one for three in zip_longest(plain[::2], plain[1::2], edges) for one in three if one is not None)


def _spread(mutants: list[Mutant], chance: random.Random) -> list[Mutant]:
    """One of each function, then another one of each."""
    groups: dict[tuple[str, str], list[Mutant]] = {}
    for one in mutants:
        groups.setdefault((one.file, one.function), []).append(one)
    shuffled = [chance.sample(group, len(group)) for group in groups.values()]
    chance.shuffle(shuffled)
    return [one for round_ in zip_longest(*shuffled) for one in round_ if one is not None]


def _of_file(path: str, text: str, tree: ast.Module) -> Iterator[Mutant]:
    source = text.encode()
    starts = [0, *accumulate(len(line) for line in source.splitlines(keepends=True))]
    for name, function in functions_of(tree):
        for statement in statements_of(function):
            for node, replaced, edge in in_statement(statement):
                start = starts[node.lineno - 1] + node.col_offset
                end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
                before, after = _shown(source[start:end].decode(), replaced)
                last = max(statement.lineno, node.end_lineno or 0, node.lineno)
                first = min(statement.lineno, node.lineno)
                yield Mutant(path, name, first, last, start, end, replaced, before, after, edge)


def functions_of(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """Functions and methods, by qualified name; without constructors and other special ones, and cached ones."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from (
                (f"{node.name}.{one.name}", one) for one in node.body if _counts(one) and isinstance(one, Function)
            )
        elif isinstance(node, Function) and _counts(node):
            yield node.name, node


def _counts(node: ast.stmt) -> bool:
    if not isinstance(node, Function) or node.name.startswith("__"):
        return False
    names = {
        inner.id if isinstance(inner, ast.Name) else inner.attr
        for decorator in node.decorator_list
        for inner in ast.walk(decorator)
        if isinstance(inner, ast.Name | ast.Attribute)
    }
    return not names & _CACHING


def statements_of(function: Function) -> Iterator[ast.stmt]:
    """All statements of a function, those inside others too."""
    waiting: list[ast.stmt] = list(function.body)
    while waiting:
        statement = waiting.pop(0)
        if isinstance(statement, ast.ClassDef):
            continue
        yield statement
        inner = (getattr(statement, name, []) for name in ("body", "orelse", "finalbody"))
        handlers = (one.body for one in getattr(statement, "handlers", []))
        cases = (one.body for one in getattr(statement, "cases", []))
        waiting += chain(*inner, *handlers, *cases)


def _shown(before: str, after: str) -> tuple[str, str]:
    """What differs, with a little around it, on one line each."""
    old, new = " ".join(before.split()), " ".join(after.split())
    if max(len(old), len(new)) <= _SHOWN:
        return old, new
    same = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    begin = max(0, same - _SHOWN // 2)
    return _part(old, begin), _part(new, begin)


def _part(text: str, begin: int) -> str:
    end = begin + _SHOWN
    return ("… " if begin else "") + text[begin:end] + (" …" if end < len(text) else "")
