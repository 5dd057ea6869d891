"""`minProperties`, `maxProperties` and `anyOf` of needed names, which the generator of models does not keep."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

from agent.contract.needs import needs_of

COUNTED = "CountedModel"
"""The class of `src/schemas/counting.py` that keeps them."""
_BOUNDS = ("minProperties", "maxProperties")


def without_needs(schemas: Mapping[str, Any]) -> dict[str, Any]:
    """The schemas as one class each: of alternatives that only name properties the generator would make several."""
    return {name: _without_needs(schema) for name, schema in schemas.items()}


def _without_needs(schema: Any) -> Any:
    needed = isinstance(schema, Mapping) and _needed(schema)
    return {key: value for key, value in schema.items() if key != "anyOf"} if needed else schema


def _needed(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"required": list(names)} for names in needs_of(schema)] if "allOf" not in schema else []


def with_counts(text: str, metadata: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """The module with the bounds that the schemas have, at the classes that stand for them."""
    bounds = {
        model["class_name"]: found
        for model in metadata["models"]
        if (found := _bounds(_at(schemas, model["source_path"])))
    }
    classes = {node.name: node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)}
    counted = [node for name, node in classes.items() if name in bounds and _is_object(node, classes)]
    lines = text.splitlines(keepends=True)
    for node in reversed(counted):
        _configure(lines, node, bounds[node.name])
        _inherit(lines, node, counted)
    if counted:
        last = max(node.end_lineno or 0 for node in ast.parse(text).body if isinstance(node, ast.ImportFrom))
        lines.insert(last, f"from src.schemas.counting import {COUNTED}\n")
        lines.insert(last, "from pydantic import ConfigDict\n")
    return "".join(lines)


def kept_keywords(text: str) -> set[str]:
    """Which of the keywords stand at classes of the module that `with_counts` made."""
    return {key for key in (*_BOUNDS, "anyOf") if re.search(rf"json_schema_extra=.*'{key}': ", text)}


def _at(schemas: Mapping[str, Any], path: list[str]) -> Any:
    """The schema at `components`, `schemas`, `Name`, and what follows."""
    found: Any = {"components": {"schemas": schemas}}
    for part in path:
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _bounds(schema: Any) -> dict[str, Any]:
    if not isinstance(schema, Mapping):
        return {}
    needed = _needed(schema)
    return {key: schema[key] for key in _BOUNDS if schema.get(key)} | ({"anyOf": needed} if needed else {})


def _is_object(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> bool:
    names = [base.id for base in node.bases if isinstance(base, ast.Name)]
    return len(names) == len(node.bases) and all(name == "BaseModel" or name in classes for name in names)


def _configure(lines: list[str], node: ast.ClassDef, bounds: Mapping[str, Any]) -> None:
    said = f"json_schema_extra={dict(bounds)!r}"
    for line in node.body:
        if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "model_config":
            assert isinstance(line.value, ast.Call), ast.unparse(line)
            before = "".join(f"{ast.unparse(keyword)}, " for keyword in line.value.keywords)
            lines[line.lineno - 1 : line.end_lineno] = [f"    model_config = ConfigDict({before}{said})\n"]
            return
    after_docstring = node.body[0].end_lineno if ast.get_docstring(node) is not None else node.lineno
    lines.insert(after_docstring or node.lineno, f"    model_config = ConfigDict({said})\n")


def _inherit(lines: list[str], node: ast.ClassDef, counted: list[ast.ClassDef]) -> None:
    bases = [ast.unparse(base) for base in node.bases]
    if {one.name for one in counted} & set(bases):
        return
    kept = [base for base in bases if base != "BaseModel"]
    lines[node.lineno - 1] = f"class {node.name}({', '.join([COUNTED, *kept])}):\n"
