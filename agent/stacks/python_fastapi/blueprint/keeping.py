"""Bounds that the generator of models passes over: lists without repetition, and how texts are spelt that become more.

They go through the generator under names that mean nothing to it, and get their own ones and their validators after it.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from agent.stacks.python_fastapi.blueprint.patterns import generator_reads, python_pattern

_MARK = "x-kept-"
_SPELT = {"minLength": "min_length", "maxLength": "max_length", "pattern": "pattern"}
_READ_AS_OTHERS = frozenset({"uuid", "date", "date-time", "time", "uri", "duration", "ipv4", "ipv6"})
"""Formats whose values are no text any more when the generated bounds would be looked at."""
_JSON_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
CARRIED = frozenset(f"{_MARK}{key}" for key in ("uniqueItems", "default", "format", *_SPELT))
"""Keys that the generator has to hand on."""


def marked(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema with what would be lost under other names."""
    lost = {"uniqueItems"} if schema.get("uniqueItems") is True else set[str]()
    if schema.get("format") in _READ_AS_OTHERS:
        lost |= {key for key in _SPELT if key in schema}
    if isinstance(schema.get("pattern"), str) and not generator_reads(schema["pattern"]):
        lost.add("pattern")
    if schema.get("format") == "hostname":
        lost.add("format")
    if not fills_in(schema):
        lost.add("default")
    return {f"{_MARK}{key}" if key in lost else key: value for key, value in schema.items()} if lost else schema


def fills_in(schema: Mapping[str, Any]) -> bool:
    """Whether the schema's default, if it has one, can stand in generated code: what is of another type than it cannot.

    Of several types, or of none, nothing is known, and the generator is trusted.
    """
    declared = schema.get("type")
    kinds = [declared] if isinstance(declared, str) else list(declared or ())
    if "default" not in schema or not kinds:
        return True
    value = schema["default"]
    if isinstance(value, str) and "string" in kinds:
        return schema.get("format") not in _READ_AS_OTHERS
    if isinstance(value, dict) and schema.get("properties"):
        return False
    return any(type(value) in _JSON_TYPES.get(str(kind), ()) for kind in kinds)


def with_kept(text: str) -> str:
    """The module with validators for all that was carried through the generator, its keys under their own names."""
    if _MARK not in text:
        return text
    keeper = _Keeper()
    lines = text.splitlines(keepends=True)
    for node in reversed(list(_statements(ast.parse(text)))):
        if _MARK in ast.unparse(node):
            margin = " " * node.col_offset
            lines[node.lineno - 1 : node.end_lineno] = [f"{margin}{ast.unparse(keeper.visit(node))}\n"]
    last = max(node.end_lineno or 0 for node in ast.parse(text).body if isinstance(node, ast.ImportFrom))
    return "".join([*lines[:last], *sorted(keeper.imports), *lines[last:]])


def _statements(module: ast.Module) -> list[ast.stmt]:
    """Fields of classes and aliases, as they follow each other."""
    inside = [part for node in module.body if isinstance(node, ast.ClassDef) for part in node.body]
    others = [node for node in module.body if not isinstance(node, ast.ClassDef)]
    return sorted([*inside, *others], key=lambda node: node.lineno)


class _Keeper(ast.NodeTransformer):
    """Puts the validators beside each `Field` that says what was carried."""

    def __init__(self) -> None:
        self.imports: set[str] = set()

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:  # noqa: N802 - the name that `ast` calls
        """`Annotated[list[str], Field(...)]`, with what is inside it done before."""
        self.generic_visit(node)
        if not isinstance(node.slice, ast.Tuple):
            return node
        said = next((found for part in node.slice.elts if (found := _carried(part)) is not None), None)
        if said is not None:
            names = [ast.literal_eval(key) for key in said.keys if key is not None]
            kept = {name: one for name, one in zip(names, said.values, strict=True) if name in CARRIED}
            own = {name.removeprefix(_MARK): one for name, one in kept.items()}
            said.keys = [ast.Constant(name.removeprefix(_MARK)) for name in names]
            node.slice.elts += [ast.parse(one, mode="eval").body for one in self._validators(own)]
        return node

    def _validators(self, kept: Mapping[str, ast.expr]) -> list[str]:
        made: list[str] = []
        if "uniqueItems" in kept:
            made.append("AfterValidator(distinct)")
            self.imports |= {"from pydantic import AfterValidator\n", "from src.schemas.distinct import distinct\n"}
        spelt = [
            f"{_SPELT[key]}={told}" for key, value in kept.items() if key in _SPELT and (told := _told(key, value))
        ]
        if spelt:
            made.append(f"BeforeValidator(Spelt({', '.join(spelt)}))")
            self.imports |= {"from pydantic import BeforeValidator\n", "from src.schemas.spelling import Spelt\n"}
        return made


def _told(key: str, value: ast.expr) -> str:
    """The bound as source; empty for a pattern that no engine here can read."""
    if key != "pattern":
        return ast.unparse(value)
    pattern = python_pattern(ast.literal_eval(value))
    return "" if pattern is None else repr(pattern)


def _carried(part: ast.expr) -> ast.Dict | None:
    """The `json_schema_extra` of a `Field`."""
    if not isinstance(part, ast.Call) or ast.unparse(part.func) != "Field":
        return None
    return next(
        (one.value for one in part.keywords if one.arg == "json_schema_extra" and isinstance(one.value, ast.Dict)), None
    )
