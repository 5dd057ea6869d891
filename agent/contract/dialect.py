"""Schemas of OpenAPI 3.0 and 3.1 as JSON Schema 2020-12, references all of the form `#/components/schemas/Name`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from agent.contract.bundling import NOTHING, at
from agent.contract.grammar import Step, children, replaced
from agent.contract.model import Schema
from agent.contract.rules import steps

_HOME = "#/components/schemas/"
_NOTES: tuple[str, ...] = ("title", "description", "readOnly", "writeOnly", "default")
_DROPPED = ("$schema", "$id", "$anchor", "id")


class Dialect:
    """Translates schemas of one document. Schemas that references find elsewhere become entries of `schemas`."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._old = str(document["openapi"]).startswith("3.0")
        declared = (document.get("components") or {}).get("schemas") or {}
        self._names: dict[str, str] = {_HOME + name: name for name in declared}
        self._waiting: list[tuple[str, Any]] = list(declared.items())
        self._taken: set[str] = set(declared)
        self.schemas: dict[str, Schema] = {}

    def finish(self) -> dict[str, Schema]:
        """All shared schemas; to be called after the last `schema`."""
        while self._waiting:
            name, node = self._waiting.pop(0)
            self.schemas[name] = self.schema(node)
        return self.schemas

    def schema(self, node: Any) -> Schema:
        """One schema in the 2020-12 dialect. `true` and lost references are `{}`, `false` is `not: {}`."""
        made = True if node is NOTHING else self._node(node)
        if isinstance(made, bool):
            return {} if made else {"not": {}}
        return dict(made)

    def _node(self, node: Any) -> Any:
        if not isinstance(node, Mapping):
            return node
        if isinstance(node.get("$ref"), str):
            target = {"$ref": self._target(node["$ref"])}
            if self._old:
                return target
            node = {**node, **target}
        changes: dict[Step, Any] = {step: self._node(child) for step, kind, child in children("schemas", node)}
        made = replaced(node, changes)
        for key in _DROPPED:
            if isinstance(made.get(key), str):
                del made[key]
        return _modern(made) if self._old else made

    def _target(self, target: Any) -> str:
        if target not in self._names:
            path = steps(target)
            name = self._free(
                re.sub(
                    r"[^A-Za-z0-9._-]+", "_", "_".join(path[2:] if path[:2] == ("components", "schemas") else path[-3:])
                ).strip("_")
                or "Schema"
            )
            self._names[target] = name
            self._waiting.append((name, at(self._document, path)))
        return _HOME + self._names[target]

    def _free(self, wanted: str) -> str:
        numbered = (f"{wanted}_{number}" for number in range(2, len(self._taken) + 3))
        name = next(name for name in (wanted, *numbered) if name not in self._taken)
        self._taken.add(name)
        return name


def _modern(schema: dict[str, Any]) -> dict[str, Any]:
    for limit, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        flag = schema.get(exclusive)
        if isinstance(flag, bool):
            del schema[exclusive]
            if flag and limit in schema:
                schema[exclusive] = schema.pop(limit)
    if "example" in schema:
        schema["examples"] = [schema.pop("example")]
    if schema.pop("nullable", False) is True:
        return _nullable(schema)
    return schema


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, and null: the author's intention also where 3.0 says that `nullable` has no effect without `type`."""
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    if isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    if not any(key in schema for key in ("allOf", "anyOf", "oneOf", "not")):
        return schema
    notes = {key: schema.pop(key) for key in _NOTES if key in schema}
    if isinstance(schema.get("type"), list):
        schema["type"] = next(name for name in schema["type"] if name != "null")
    return {**notes, "anyOf": [schema, {"type": "null"}]}
