"""What values a column takes, as a JSON Schema: from its type and its CHECK constraints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pglast import ast, parse_sql
from pglast.enums import A_Expr_Kind, BoolExprType

from agent.catalog.model import Catalog, Column, Table
from agent.contract.model import Schema

_INTEGERS = {"int2": 2**15 - 1, "int4": 2**31 - 1, "int8": 2**63 - 1}
_FORMATS = {"uuid": "uuid", "date": "date", "timestamptz": "date-time", "timestamp": "date-time", "time": "time"}
_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "="}
Node = Any
"""A node of pglast's tree, whose stubs leave every attribute optional."""
_LENGTHS = ("char_length", "character_length", "length")


def column_schema(catalog: Catalog, table: Table, column: Column) -> dict[str, Any]:
    """A schema that admits only values the column takes, as far as its type and simple checks tell."""
    schema = _of_type(catalog, column)
    for name, keyword, value in table_checks(table):
        if name == column.name:
            narrow(schema, {keyword: value})
    return schema


def narrow(schema: dict[str, Any], other: Schema) -> None:
    """Lay the keywords of the other schema over this one; of two bounds the tighter one stays."""
    for keyword, value in other.items():
        known = schema.get(keyword)
        if known is None or isinstance(known, bool):
            schema[keyword] = value
        elif keyword in ("minimum", "exclusiveMinimum", "minLength", "minItems"):
            schema[keyword] = max(known, value)
        elif keyword in ("maximum", "exclusiveMaximum", "maxLength", "maxItems"):
            schema[keyword] = min(known, value)
        elif keyword == "enum":
            schema[keyword] = [one for one in known if one in value] or value
        elif keyword in ("pattern", "format"):
            schema[keyword] = value


def table_checks(table: Table) -> Iterator[tuple[str, str, Any]]:
    """Column, JSON Schema keyword, value: what simple CHECK constraints say about single columns."""
    for check in table.checks:
        for condition in _conditions(check.expression):
            yield from _bounds(condition)


def ordered_columns(table: Table) -> tuple[tuple[str, str], ...]:
    """Pairs of columns of which CHECK constraints want the first below (or equal to) the second."""
    found = []
    for check in table.checks:
        for condition in _conditions(check.expression):
            if _is(condition, ast.A_Expr) and condition.kind == A_Expr_Kind.AEXPR_OP:
                left, right = _column(condition.lexpr), _column(condition.rexpr)
                operator = condition.name[-1].sval
                if left and right and operator in ("<", "<="):
                    found.append((left, right))
                if left and right and operator in (">", ">="):
                    found.append((right, left))
    return tuple(found)


def _of_type(catalog: Catalog, column: Column) -> dict[str, Any]:
    enum = catalog.enum(column.enum) if column.enum else None
    if column.array:
        return {"type": "array", "items": _of_type(catalog, replace(column, array=False))}
    if enum:
        return {"type": "string", "enum": list(enum.values)}
    if column.base_type in _INTEGERS:
        return {"type": "integer", "minimum": 1, "maximum": _INTEGERS[column.base_type]}
    if column.base_type in ("numeric", "float4", "float8"):
        digits = (column.numeric_precision or 12) - (column.numeric_scale or 0)
        return {"type": "number", "minimum": 0, "maximum": 10**digits - 1}
    if column.base_type == "bool":
        return {"type": "boolean"}
    if column.base_type in ("json", "jsonb"):
        return {"type": "object"}
    schema: dict[str, Any] = {"type": "string"}
    if column.base_type in ("inet", "cidr"):
        schema["format"] = "ipv4"
    if column.base_type in _FORMATS:
        schema["format"] = _FORMATS[column.base_type]
    if column.max_length:
        schema["maxLength"] = column.max_length
        if column.base_type == "bpchar":
            schema["minLength"] = column.max_length
    return schema


def _conditions(definition: str) -> Iterator[Node]:
    """The parts of `CHECK (a AND b)`."""
    expression = definition.removeprefix("CHECK").strip().removesuffix("NOT VALID").removesuffix("NO INHERIT")
    statement: Node = parse_sql(f"SELECT {expression}")[0].stmt
    yield from _conjuncts(statement.targetList[0].val)


def _conjuncts(node: Node) -> Iterator[Node]:
    if _is(node, ast.BoolExpr) and node.boolop == BoolExprType.AND_EXPR:
        for part in node.args:
            yield from _conjuncts(part)
    else:
        yield node


def _bounds(condition: Node) -> Iterator[tuple[str, str, Any]]:
    if not _is(condition, ast.A_Expr):
        return
    operator = condition.name[-1].sval
    left, right = condition.lexpr, condition.rexpr
    if condition.kind == A_Expr_Kind.AEXPR_OP_ANY and operator == "=" and (name := _column(left)):
        yield name, "enum", list(_elements(right))
    elif condition.kind == A_Expr_Kind.AEXPR_OP:
        if _constant(left) is not None:
            left, right, operator = right, left, _FLIPPED.get(operator, "")
        value = _constant(right)
        if value is not None and (name := _column(left)):
            yield from _column_bound(name, operator, value)
        elif value is not None and (name := _measured(left)):
            yield from _length_bound(name, operator, value)


def _column_bound(name: str, operator: str, value: Any) -> Iterator[tuple[str, str, Any]]:
    keywords = {">": "exclusiveMinimum", ">=": "minimum", "<": "exclusiveMaximum", "<=": "maximum"}
    if operator in ("~", "~*"):
        yield name, "pattern", value
    elif operator in keywords and not isinstance(value, str):
        yield name, keywords[operator], value


def _length_bound(name: str, operator: str, value: Any) -> Iterator[tuple[str, str, Any]]:
    least = {">": value + 1, ">=": value, "=": value}
    most = {"<": value - 1, "<=": value, "=": value}
    if operator in least:
        yield name, "minLength", least[operator]
    if operator in most:
        yield name, "maxLength", most[operator]


def _is(node: Node, kind: type) -> bool:
    return isinstance(node, kind)


def _plain(node: Node) -> Node:
    while _is(node, ast.TypeCast):
        node = node.arg
    return node


def _column(node: Node) -> str:
    node = _plain(node)
    return str(node.fields[-1].sval) if _is(node, ast.ColumnRef) else ""


def _measured(node: Node) -> str:
    """The column whose length the node is."""
    if _is(node, ast.FuncCall) and node.funcname[-1].sval in _LENGTHS:
        argument = _plain(node.args[0])
        while _is(argument, ast.FuncCall) and argument.args:
            argument = _plain(argument.args[-1])
        return _column(argument)
    return ""


def _constant(node: Node) -> Any:
    node = _plain(node)
    if not _is(node, ast.A_Const):
        return None
    if _is(node.val, ast.Float):
        return float(node.val.fval)
    return node.val.sval if _is(node.val, ast.String) else getattr(node.val, "ival", None)


def _elements(node: Node) -> Iterator[Any]:
    node = _plain(node)
    if _is(node, ast.A_ArrayExpr):
        yield from (_constant(element) for element in node.elements)
