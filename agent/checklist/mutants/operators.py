"""The small changes that are tried. Those that often change nothing that a test could see are left out.

Not tried: logging and metrics, messages, time limits and sizes, assertions, constructors, cached functions, and what
runs when a module is imported.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

from agent.checklist.mutants.sql import changed, is_sql

Changed = tuple[ast.expr | ast.stmt, str, bool]
"""What is replaced, by which text, and whether it is a boundary."""

_FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_SIZES = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_NARROWING = frozenset({"where", "filter", "filter_by", "limit", "offset", "order_by"})
_UNSEEN = frozenset({"log", "logger", "logging", "metrics", "span", "tracer", "print", "warnings", "structlog"})
_LENIENT = ("timeout", "size", "seconds", "strict", "ttl", "retries", "name", "title", "detail", "message", "code")
"""Arguments that no test has to notice, by a part of their name."""


def in_statement(statement: ast.stmt) -> Iterator[Changed]:
    """Changes of a statement as a whole, and of the expressions that stand in it directly."""
    match statement:
        case ast.Assert() | ast.Expr(value=ast.Constant()):
            return
        case ast.Raise():
            yield statement, "pass", False
            yield from (one for one in _in_expressions(statement) if _is_status(one[0]))
            return
        case ast.Expr(value=ast.Call() | ast.Await(value=ast.Call()) as value):
            if _unseen(value):
                return
            yield statement, "pass", False
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant | ast.Compare):
            yield statement, "return None", False
        case ast.If(test=test) if not isinstance(test, ast.Compare | ast.UnaryOp):
            yield test, f"not ({ast.unparse(test)})", False
        case _:
            pass
    yield from _in_expressions(statement)


def _in_expressions(statement: ast.stmt) -> Iterator[Changed]:
    for root in _roots(statement):
        for node in _walk(root):
            yield from _in_expression(node)


def _roots(statement: ast.stmt) -> Iterator[ast.expr]:
    """The expressions of a statement, without those of the statements inside it, and without annotations."""
    if isinstance(statement, ast.AnnAssign):
        if statement.value is not None:
            yield statement.value
        return
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Match):
        return
    for node in ast.iter_child_nodes(statement):
        if isinstance(node, ast.expr):
            yield node
        elif isinstance(node, ast.withitem):
            yield node.context_expr


def _walk(node: ast.AST) -> Iterator[ast.expr]:
    """Expressions, from the outside in; not inside f-strings, nor in what is only seen in logs."""
    if isinstance(node, ast.Call) and _unseen(node):
        return
    if isinstance(node, ast.expr):
        yield node
    if isinstance(node, ast.JoinedStr):
        return
    for name, value in ast.iter_fields(node):
        if isinstance(node, ast.Dict) and name == "keys":
            continue
        for one in value if isinstance(value, list) else [value]:
            lenient = isinstance(one, ast.keyword) and one.arg and any(word in one.arg for word in _LENIENT)
            if isinstance(one, ast.AST) and not lenient:
                yield from _walk(one)


def _in_expression(node: ast.expr) -> Iterator[Changed]:
    match node:
        case ast.Compare(ops=[sign], left=left, comparators=[right]) if type(sign) in _FLIPPED:
            flipped = ast.Compare(left, [_FLIPPED[type(sign)]()], [right])
            yield node, _inside(flipped), isinstance(sign, _SIZES)
        case ast.BoolOp(op=sign, values=values):
            yield node, _inside(ast.BoolOp(ast.Or() if isinstance(sign, ast.And) else ast.And(), values)), False
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield node, _inside(operand), False
        case ast.BinOp(left=left, op=sign, right=right):
            yield from _arithmetic(node, left, sign, right)
        case ast.Constant(value=bool() as value):
            yield node, str(not value), False
        case ast.Constant(value=int() as value):
            yield node, str(value + 1), True
        case ast.IfExp(test=test, body=body, orelse=otherwise) if not isinstance(test, ast.Compare | ast.UnaryOp):
            yield node, _inside(ast.IfExp(test, otherwise, body)), False
        case ast.Dict():
            yield from _without_entries(node)
        case ast.Call():
            yield from _of_call(node)
        case ast.Constant(value=str() as text) if is_sql(text):
            yield from ((node, _inside(ast.Constant(other)), edge) for other, edge in changed(text))
        case ast.JoinedStr():
            yield from _of_template(node)
        case _:
            return


def _arithmetic(node: ast.expr, left: ast.expr, sign: ast.operator, right: ast.expr) -> Iterator[Changed]:
    if any(isinstance(one, ast.JoinedStr | ast.List | ast.Tuple) or _is_text(one) for one in (left, right)):
        return
    others: dict[type[ast.operator], ast.operator] = {
        ast.Add: ast.Sub(),
        ast.Sub: ast.Add(),
        ast.Mult: ast.FloorDiv(),
        ast.Div: ast.Mult(),
        ast.FloorDiv: ast.Mult(),
    }
    if type(sign) in others:
        yield node, _inside(ast.BinOp(left, others[type(sign)], right)), True


def _without_entries(node: ast.Dict) -> Iterator[Changed]:
    if len(node.keys) < 2 or not all(one is not None and _is_text(one) for one in node.keys):
        return
    for left_out in range(len(node.keys)):
        kept = [
            (key, value) for at, (key, value) in enumerate(zip(node.keys, node.values, strict=True)) if at != left_out
        ]
        yield node, ast.unparse(ast.Dict([key for key, _ in kept], [value for _, value in kept])), False


def _of_call(node: ast.Call) -> Iterator[Changed]:
    match node.func:
        case ast.Attribute(value=ast.Call() as narrowed, attr=name) if name in _NARROWING:
            yield node, _inside(narrowed), False
        case _:
            pass
    for keyword in node.keywords:
        lenient = keyword.arg is None or any(word in keyword.arg for word in _LENIENT)
        if not lenient and isinstance(keyword.value, ast.Name | ast.Attribute):
            yield keyword.value, "None", False


def _of_template(node: ast.JoinedStr) -> Iterator[Changed]:
    plain = "".join(str(one.value) if isinstance(one, ast.Constant) else " x " for one in node.values)
    if not is_sql(plain):
        return
    for at, part in enumerate(node.values):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            for other, edge in changed(part.value):
                whole = copy.deepcopy(node)
                whole.values[at] = ast.Constant(other)
                yield node, _inside(whole), edge


def _unseen(node: ast.expr) -> bool:
    """A call of something whose name says that it logs or measures."""
    called = node.value if isinstance(node, ast.Await) else node
    names = {
        inner.id if isinstance(inner, ast.Name) else inner.attr
        for inner in (ast.walk(called.func) if isinstance(called, ast.Call) else ())
        if isinstance(inner, ast.Name | ast.Attribute)
    }
    return any(name.strip("_").lower() in _UNSEEN for name in names)


def _is_status(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int) and node.value >= 100


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _inside(node: ast.expr) -> str:
    """The text of an expression, fit to stand anywhere."""
    return f"({ast.unparse(node)})"
