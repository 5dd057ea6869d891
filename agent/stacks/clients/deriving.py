"""From a contract to the types and calls of its client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.contract.flattening import flat
from agent.contract.model import Body, Contract, Operation, Schema
from agent.stacks.clients.model import (
    Alias,
    Argument,
    Call,
    Client,
    Field,
    ListOf,
    MapOf,
    Named,
    Plain,
    PlainKind,
    Record,
    Sent,
    Type,
    Union,
    Values,
)
from agent.stacks.python_fastapi.blueprint.naming import Names, pascal

UNKNOWN = Plain("unknown")
_TAKEN = (
    *("Any", "Literal", "NotRequired", "TypedDict", "Mapping", "Client", "ApiError", "Exception", "None", "Self"),
    *("Error", "Promise", "Record", "Response", "Request", "Array", "Map", "Set", "Date", "Object", "String", "Number"),
    *("Boolean", "Blob", "Headers", "URLSearchParams", "Symbol", "Function", "Partial", "Pick", "Omit", "Readonly"),
)
_ANNOTATIONS = frozenset({"description", "title", "example", "examples", "default", "deprecated", "$comment"})
_PLAIN: Mapping[str, PlainKind] = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_DEEPEST = 24


def client_of(contract: Contract) -> Client:
    """The client of a contract. What a schema says beyond types is left out; what has no type is `unknown`."""
    types = _Types(contract)
    for name, schema in contract.schemas.items():
        types.declare(name, schema)
    calls = tuple(_call(operation, types) for operation in contract.operations)
    return Client(contract.title, contract.version, contract.base_path, tuple(types.made), calls)


class _Types:
    """Makes types of schemas, and declares those that need a name."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._names = Names(*(one.lower() for one in _TAKEN))
        self._components = {name: self._names.take(pascal(name, fallback="Schema")) for name in contract.schemas}
        self._depth = 0
        self.made: list[Record | Alias] = []

    def declare(self, component: str, schema: Schema) -> None:
        """Declare a component of the document."""
        name, description = self._components[component], _description(schema)
        record = self._record(schema, name)
        self.made.append(record or Alias(name, description, self.of(schema, f"{name}Value")))

    def of(self, schema: Any, wanted: str) -> Type:
        """The type of a schema; `wanted` is the name of an object that has none."""
        if not isinstance(schema, Mapping) or self._depth > _DEEPEST:
            return UNKNOWN
        named = self._component(schema)
        if named is not None:
            return Named(named)
        self._depth += 1
        try:
            return self._described(flat(self._contract, schema).schema, wanted)
        finally:
            self._depth -= 1

    def _described(self, schema: Mapping[str, Any], wanted: str) -> Type:
        values = (
            schema["enum"] if isinstance(schema.get("enum"), list) else [schema["const"]] if "const" in schema else []
        )
        if values and all(one is None or isinstance(one, str | bool | int) for one in values):
            return Values(tuple(values))
        alternatives = [one for one in schema.get("oneOf") or schema.get("anyOf") or () if isinstance(one, Mapping)]
        if alternatives:
            rest = {key: value for key, value in schema.items() if key not in ("oneOf", "anyOf")}
            parts = [{"allOf": [rest, one]} if "properties" in rest else one for one in alternatives]
            return union(self.of(one, f"{wanted}Option{number}") for number, one in enumerate(parts, 1))
        declared = schema.get("type")
        kinds = [declared] if isinstance(declared, str) else list(declared or ())
        if not kinds:
            kinds = ["object"] if "properties" in schema else ["array"] if "items" in schema else []
        return union(self._plain(str(kind), schema, wanted) for kind in kinds) if kinds else UNKNOWN

    def _plain(self, kind: str, schema: Mapping[str, Any], wanted: str) -> Type:
        match kind:
            case "object":
                record = self._record({**schema, "type": "object"}, None, wanted)
                if record is not None:
                    self.made.append(record)
                    return Named(record.name)
                extra = schema.get("additionalProperties")
                return MapOf(self.of(extra, f"{wanted}Value") if isinstance(extra, Mapping) and extra else UNKNOWN)
            case "array":
                return ListOf(self.of(schema.get("items"), f"{wanted}Item"))
            case _:
                return Plain(_PLAIN.get(kind, "unknown"))

    def _record(self, schema: Schema, name: str | None, wanted: str = "") -> Record | None:
        """The object with known properties that a schema describes; None when it is something else."""
        if name is not None and self._component(schema) is not None:
            return None
        whole = flat(self._contract, schema).schema
        properties = whole.get("properties")
        if whole.get("type", "object") != "object" or not isinstance(properties, Mapping) or not properties:
            return None
        if whole.get("oneOf") or whole.get("anyOf") or "enum" in whole or "const" in whole:
            return None
        own = name or self._names.take(wanted)
        required = whole.get("required") or ()
        fields = tuple(
            Field(str(key), self.of(value, f"{own}{pascal(str(key))}"), key in required)
            for key, value in properties.items()
        )
        return Record(own, _description(schema), fields)

    def _component(self, schema: Mapping[str, Any]) -> str | None:
        """The declared name behind a reference, or behind the only part of an `allOf`."""
        said = {key: value for key, value in schema.items() if key not in _ANNOTATIONS}
        if isinstance(said.get("allOf"), list) and len(said["allOf"]) == 1 and len(said) == 1:
            only = said["allOf"][0]
            return self._component(only) if isinstance(only, Mapping) else None
        return self._components.get(str(said.get("$ref", "")).removeprefix("#/components/schemas/"))


def union(parts: Any) -> Type:
    """One of these types; each once, `unknown` when one of them is."""
    flattened = [one for part in parts for one in (part.parts if isinstance(part, Union) else (part,))]
    once = tuple(dict.fromkeys(flattened))
    if UNKNOWN in once or not once:
        return UNKNOWN
    return once[0] if len(once) == 1 else Union(once)


def _call(operation: Operation, types: _Types) -> Call:
    stem = pascal(operation.id, fallback="Operation")
    arguments = tuple(
        Argument(one.name, one.location, types.of(one.schema, f"{stem}{pascal(one.name)}"), one.required)
        for one in operation.parameters
        if one.location != "cookie" and one.name.lower() not in ("authorization", "content-type", "accept")
    )
    body = _body(operation.body, types, f"{stem}Body") if operation.body else None
    summary = operation.summary or operation.description
    method = operation.method.upper()
    return Call(operation.id, method, operation.path, summary, arguments, body, _answer(operation, types, stem))


def _body(body: Body, types: _Types, wanted: str) -> Sent:
    if body.json is not None:
        media = next(name for name in body.content if "json" in name or name == "*/*")
        return Sent("json", "application/json" if "*" in media else media, types.of(body.json, wanted), body.required)
    for media, schema in body.content.items():
        if media == _FORMS[0]:
            return Sent("form", media, types.of(schema, wanted), body.required)
    media = next(iter(body.content), "application/octet-stream")
    return Sent("bytes", media, Plain("bytes"), body.required)


def _answer(operation: Operation, types: _Types, stem: str) -> Type:
    good = [one for one in operation.answers if one.status.startswith("2")]
    good = good or [one for one in operation.answers if one.status == "default"]
    parts: list[Type] = []
    for answer in good:
        if answer.json is not None:
            parts.append(types.of(answer.json, f"{stem}Answer"))
        else:
            parts.append(Plain("bytes") if answer.content else Plain("null"))
    return union(parts) if parts else Plain("null")


def _description(schema: Any) -> str:
    return str(schema.get("description") or "") if isinstance(schema, Mapping) else ""
