"""Bulk: statements that a loop sends one by one, where one statement could read or write all rows.

Read from the syntax trees of the code. A loop counts when its body awaits a statement of the database, by itself or
through a repository whose class is known from an annotation. Loops that try again, that go through batches, or whose
turns end in a return are none.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agent.checklist.booted import Bench
from agent.checklist.case import Case, Found, Owing
from agent.checklist.layers import code
from agent.checklist.names import dotted, nodes, syntax_trees
from agent.checklist.pasting import shown

RULES: Mapping[str, str] = {
    "PRF-BULK": "bulk: statements inside loops, in the syntax trees of the code",
}

_STATEMENTS = frozenset({"execute", "fetch", "fetchrow", "fetchval", "fetch_one", "fetch_all", "scalar", "scalars"})
_DATABASES = frozenset({"conn", "db", "tx", "transaction"})
_BATCHES = frozenset({"batched", "batches", "chunked", "chunks"})
_GATHERING = frozenset({"asyncio.gather", "gather"})

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Spot:
    """A statement in a loop."""

    place: str
    call: str

    def __str__(self) -> str:
        return f"{self.place}: {self.call}(…) is awaited once for each turn of a loop; send one statement for all rows"


async def settle(case: Case, owing: Owing, _: Bench) -> Found:
    """Settle what the code owes."""
    spots = statements_in_loops(case.workspace.read())
    ran = "syntax trees of the code"
    return Found(
        owing.judge(
            "PRF-BULK",
            [str(one) for one in spots],
            ran=ran,
            found="no loop sends statements one by one",
            reproduce=shown([f"{one.place}: " for one in spots], ""),
            places=[one.place for one in spots],
        )
    )


def statements_in_loops(files: Mapping[str, str]) -> list[Spot]:
    """Every statement that a loop awaits."""
    trees = list(syntax_trees(code(files)))
    asking = frozenset(_asking_methods([tree for _, tree in trees]))
    found: list[Spot] = []
    for path, tree in trees:
        for owner, function in _functions(tree):
            types = _types(owner, function)
            for call in _looped_calls(function):
                if _asks(call, types, asking):
                    found.append(Spot(f"{path}:{call.lineno}", dotted(call.func)))
    return list(dict.fromkeys(found))


def _asking_methods(trees: list[ast.Module]) -> Iterator[tuple[str, str]]:
    """(Class, method) of everything that sends a statement itself."""
    for tree in trees:
        for owner, function in _functions(tree):
            if owner is not None and any(_is_statement(call) for call in _calls(function)):
                yield owner.name, function.name


def _functions(tree: ast.Module) -> Iterator[tuple[ast.ClassDef | None, Function]]:
    for node in tree.body:
        if isinstance(node, Function):
            yield None, node
        elif isinstance(node, ast.ClassDef):
            yield from ((node, one) for one in node.body if isinstance(one, Function))


def _types(owner: ast.ClassDef | None, function: Function) -> Mapping[str, str]:
    """Class of each name, and of each `self.name`, as far as annotations say it."""
    known = dict(_annotated(function))
    for node in owner.body if owner else ():
        match node:
            case ast.FunctionDef(name="__init__"):
                given = dict(_annotated(node))
                for statement in nodes(node):
                    match statement:
                        case ast.Assign(targets=[ast.Attribute() as target], value=ast.Name(id=name)) if name in given:
                            known[dotted(target)] = given[name]
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                known[f"self.{name}"] = _class_name(annotation)
    if owner:
        known["self"] = owner.name
    return known


def _annotated(function: Function) -> Iterator[tuple[str, str]]:
    arguments = function.args
    for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        if one.annotation is not None:
            yield one.arg, _class_name(one.annotation)


def _class_name(annotation: ast.expr) -> str:
    """`Orders` of `Orders`, `"Orders"`, `orders.Orders`, `Annotated[Orders, ...]`; its first name otherwise."""
    match annotation:
        case ast.Constant(value=str(text)):
            return text.rpartition(".")[2]
        case ast.Subscript(slice=ast.Tuple(elts=[first, *_])):
            return _class_name(first)
        case ast.BinOp(left=left):
            return _class_name(left)
    return dotted(annotation).rpartition(".")[2]


def _looped_calls(function: Function) -> Iterator[ast.Call]:
    for node in nodes(function):
        match node:
            case ast.For() | ast.AsyncFor() if _goes_through_rows(node):
                for statement in node.body:
                    yield from _awaited(statement)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() if not _is_batch(node.generators[0].iter):
                yield from _awaited(node)
            case ast.Call(args=[ast.Starred(value=ast.GeneratorExp() | ast.ListComp() as each)]):
                if dotted(node.func) in _GATHERING:
                    yield from _calls(each.elt)


def _goes_through_rows(loop: ast.For | ast.AsyncFor) -> bool:
    if _is_batch(loop.iter) or (isinstance(loop.target, ast.Name) and loop.target.id == "_"):
        return False
    tries = any(isinstance(one, ast.Try) for one in loop.body)
    return not tries and not any(isinstance(one, ast.Return | ast.Break) for one in loop.body)


def _is_batch(source: ast.expr) -> bool:
    if not isinstance(source, ast.Call):
        return False
    name = dotted(source.func).rpartition(".")[2]
    return name in _BATCHES or (name == "range" and len(source.args) == 3)


def _awaited(node: ast.AST) -> Iterator[ast.Call]:
    for one in nodes(node):
        if isinstance(one, ast.Await) and isinstance(one.value, ast.Call):
            yield one.value


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    yield from (one for one in nodes(node) if isinstance(one, ast.Call))


def _asks(call: ast.Call, types: Mapping[str, str], asking: frozenset[tuple[str, str]]) -> bool:
    if _is_statement(call):
        return True
    if not isinstance(call.func, ast.Attribute):
        return False
    return (types.get(dotted(call.func.value), ""), call.func.attr) in asking


def _is_statement(call: ast.Call) -> bool:
    """`connection.fetch("SELECT ...")`, `self._session.execute(select(Note))`."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in _STATEMENTS or not call.args:
        return False
    receiver = dotted(call.func.value).rpartition(".")[2].strip("_").lower()
    return receiver in _DATABASES or receiver.endswith(("connection", "database", "session", "cursor", "pool"))
