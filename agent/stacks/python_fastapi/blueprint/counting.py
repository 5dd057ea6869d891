"""`minProperties` and `maxProperties`, which the generator of models passes over."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

COUNTED = "CountedModel"
"""The class of `src/schemas/counting.py` that keeps them."""
_BOUNDS = ("minProperties", "maxProperties")


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


def _at(schemas: Mapping[str, Any], path: list[str]) -> Any:
    """The schema at `components`, `schemas`, `Name`, and what follows."""
    found: Any = {"components": {"schemas": schemas}}
    for part in path:
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _bounds(schema: Any) -> dict[str, int]:
    return {key: schema[key] for key in _BOUNDS if schema.get(key)} if isinstance(schema, Mapping) else {}


def _is_object(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> bool:
    names = [base.id for base in node.bases if isinstance(base, ast.Name)]
    return len(names) == len(node.bases) and all(name == "BaseModel" or name in classes for name in names)


def _configure(lines: list[str], node: ast.ClassDef, bounds: Mapping[str, int]) -> None:
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
