"""What CHECK constraints demand of single columns, as far as their expressions are simple.

Whatever is not understood here is left out: the server says so when a row does not satisfy it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from pglast import ast, enums
from pglast.parser import ParseError, parse_sql

from agent.catalog.model import Table

Constant = str | bool | Decimal

_LENGTHS = frozenset(("length", "char_length", "character_length", "octet_length"))
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<>": "<>"}


@dataclass(slots=True)
class Demands:
    """What is known of the values that one column takes."""

    at_least: Constant | None = None
    above: Constant | None = None
    at_most: Constant | None = None
    below: Constant | None = None
    choices: tuple[Constant, ...] = ()
    pattern: str | None = None
    """A POSIX regular expression."""
    shortest: int = 0
    """Characters."""
    longest: int | None = None
    later_than: list[str] = field(default_factory=list)
    """Columns of the same row that have to be smaller, or equal."""


@lru_cache(maxsize=1024)
def demands_of(table: Table) -> defaultdict[str, Demands]:
    """Demands by column (empty ones for the rest), from the table's own checks and those of its columns' domains."""
    found: defaultdict[str, Demands] = defaultdict(Demands)
    for check in table.checks:
        _take(_expression(check.expression), found)
    for column in table.columns:
        for expression in column.domain_checks:
            of_value: defaultdict[str, Demands] = defaultdict(Demands)
            _take(_expression(expression.replace("VALUE", '"value"')), of_value)
            if "value" in of_value and column.name not in found:
                found[column.name] = of_value["value"]
    return found


def constants_of(expression: str) -> tuple[Constant, ...]:
    """Every constant of a CHECK: values worth trying where nothing else is known."""
    return tuple(dict.fromkeys(_constants(_expression(expression))))


def _expression(check: str) -> ast.Node | None:
    text = check.strip().removeprefix("CHECK").removesuffix("NO INHERIT").removesuffix("NOT VALID").strip()
    try:
        statement = parse_sql(f"SELECT {text}")[0].stmt
    except ParseError:
        return None
    return statement.targetList[0].val if isinstance(statement, ast.SelectStmt) and statement.targetList else None


def _take(node: ast.Node | None, found: defaultdict[str, Demands]) -> None:
    match node:
        case ast.BoolExpr() if node.boolop == enums.BoolExprType.AND_EXPR:
            for part in node.args or ():
                _take(part, found)
        case ast.BoolExpr() if node.boolop == enums.BoolExprType.OR_EXPR:
            _take_one_way(node, found)
        case ast.A_Expr():
            _take_comparison(node, found)
        case _:
            pass


def _take_one_way(node: ast.BoolExpr, found: defaultdict[str, Demands]) -> None:
    """Of several ways to satisfy it, the first that says something about a value: `x IS NULL OR x > 0`."""
    for part in node.args or ():
        way: defaultdict[str, Demands] = defaultdict(Demands)
        _take(part, way)
        if way:
            for name, demands in way.items():
                found.setdefault(name, demands)
            return


def _take_comparison(node: ast.A_Expr, found: defaultdict[str, Demands]) -> None:
    operator = str(node.name[-1].sval) if node.name else ""
    left, right = _bare(node.lexpr), _bare(node.rexpr)
    if isinstance(left, ast.A_Const) and operator in _MIRRORED:
        left, right, operator = right, left, _MIRRORED[operator]
    name, other = _column(left), _column(right)
    if name and other:
        _take_order(operator, name, other, found)
    elif name and node.kind == enums.A_Expr_Kind.AEXPR_OP_ANY and operator == "=":
        found[name].choices = tuple(_constants(right))
    elif name and (constant := _constant(right)) is not None:
        _take_bound(operator, constant, found[name])
    elif isinstance(left, ast.FuncCall) and isinstance(constant := _constant(right), Decimal):
        _take_length(operator, left, int(constant), found)


def _take_order(operator: str, left: str, right: str, found: defaultdict[str, Demands]) -> None:
    if operator in (">", ">="):
        found[left].later_than.append(right)
    elif operator in ("<", "<="):
        found[right].later_than.append(left)


def _take_bound(operator: str, constant: Constant, demands: Demands) -> None:
    match operator:
        case ">=":
            demands.at_least = constant
        case ">":
            demands.above = constant
        case "<=":
            demands.at_most = constant
        case "<":
            demands.below = constant
        case "=":
            demands.choices = (constant,)
        case "~" | "~*":
            demands.pattern = str(constant)
        case _:
            pass


def _take_length(operator: str, call: ast.FuncCall, number: int, found: defaultdict[str, Demands]) -> None:
    function = str(call.funcname[-1].sval) if call.funcname else ""
    argument = _bare(call.args[0]) if call.args else None
    if isinstance(argument, ast.FuncCall) and argument.args:  # length(btrim(name))
        argument = _bare(argument.args[0])
    name = _column(argument)
    if function not in _LENGTHS or not name:
        return
    shortest = {">": number + 1, ">=": number, "=": number, "<>": number + 1}.get(operator, 0)
    longest = {"<": number - 1, "<=": number, "=": number}.get(operator)
    found[name].shortest = max(found[name].shortest, shortest)
    if longest is not None:
        found[name].longest = longest


def _bare(node: object) -> ast.Node | None:
    while isinstance(node, ast.TypeCast):
        node = node.arg
    return node if isinstance(node, ast.Node) else None


def _column(node: ast.Node | None) -> str:
    if isinstance(node, ast.ColumnRef) and node.fields and isinstance(node.fields[-1], ast.String):
        return str(node.fields[-1].sval)
    return ""


def _constant(value: object) -> Constant | None:
    node = _bare(value)
    if isinstance(node, ast.A_Expr) and node.lexpr is None and node.name and node.name[-1].sval == "-":
        number = _constant(node.rexpr)
        return -number if isinstance(number, Decimal) else None
    if not isinstance(node, ast.A_Const):
        return None
    match node.val:
        case ast.Integer():
            return Decimal(node.val.ival or 0)
        case ast.Float():
            return Decimal(str(node.val.fval))
        case ast.String():
            return str(node.val.sval)
        case ast.Boolean():
            return bool(node.val.boolval)
        case _:
            return None


def _constants(node: object) -> Iterator[Constant]:
    if isinstance(node, tuple):
        for part in node:
            yield from _constants(part)
    elif isinstance(node, ast.TypeCast):
        yield from _constants(node.arg)
    elif isinstance(node, ast.A_Const):
        constant = _constant(node)
        if constant is not None:
            yield constant
    elif isinstance(node, ast.Node):
        for name in node:
            yield from _constants(getattr(node, name))
