"""One component for what is sent and one for what is answered, where the contract has one for both and they differ.

They differ where a `readOnly` property is required, which no request has to send, or a `writeOnly` one, which no
answer shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent.contract.flattening import flat
from agent.contract.model import Contract, Schema
from agent.contract.validating import Direction

_PREFIX = "#/components/schemas/"
_BY_NAME = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_SCHEMAS = frozenset(
    {"allOf", "anyOf", "oneOf", "prefixItems", "items", "additionalProperties", "not", "if", "then", "else", "contains"}
)
"""Keywords with a schema or a list of schemas."""
_UNWANTED: Mapping[Direction, str] = {"request": "readOnly", "response": "writeOnly"}


@dataclass(frozen=True)
class Directed:
    """Components of which none asks for what does not go its way."""

    components: Mapping[str, Schema]
    sent: Mapping[str, str]
    """Component → the one that stands for it in requests, where that is another."""


def directed(contract: Contract, bodies: Mapping[str, Schema], answers: Mapping[str, Schema]) -> Directed:
    """The contract's components, with what stands inline in bodies and answers: name → schema.

    A component of both ways keeps its name for answers, and gets another for requests. What is only answered has no
    defaults: an answer shows what is kept, and not what a client that left it out would have meant.
    """
    known = contract.schemas
    sent, shown = _reached(known, _sent_schemas(contract, bodies)), _reached(known, _shown_schemas(contract, answers))
    asking = {name for name, schema in known.items() if _asks(contract, schema)}
    concerned = {name for name in known if asking & {name, *_reached(known, [known[name]])}}
    renamed = {name: _free(f"{name} request", known) for name in sorted(concerned & sent & shown)}
    made: dict[str, Schema] = {}
    for name, schema in known.items():
        way: Direction = "request" if name in sent and name not in shown else "response"
        made[name] = _without(contract, schema, way, renamed) if name in concerned else schema
        if name in renamed:
            made[renamed[name]] = _without(contract, schema, "request", renamed)
    inline_bodies = {name: _without(contract, schema, "request", renamed) for name, schema in bodies.items()}
    inline_answers = {name: _without(contract, schema, "response", renamed) for name, schema in answers.items()}
    answered = {name: _without_defaults(made[name]) for name in made if name in shown - sent}
    inline_answers = {name: _without_defaults(schema) for name, schema in inline_answers.items()}
    return Directed({**made, **answered, **inline_bodies, **inline_answers}, renamed)


def _sent_schemas(contract: Contract, bodies: Mapping[str, Schema]) -> list[Schema]:
    declared = [one for operation in contract.operations if operation.body for one in operation.body.content.values()]
    return [*declared, *bodies.values()]


def _shown_schemas(contract: Contract, answers: Mapping[str, Schema]) -> list[Schema]:
    every = (answer for operation in contract.operations for answer in operation.answers)
    return [*(one for answer in every for one in answer.content.values()), *answers.values()]


def _reached(known: Mapping[str, Schema], schemas: Iterable[Schema]) -> set[str]:
    """Names of the components that the schemas refer to, and those that these refer to."""
    reached, waiting = set[str](), list(schemas)
    while waiting:
        found = {name for name in _references(waiting.pop()) if name in known} - reached
        reached |= found
        waiting += [known[name] for name in found]
    return reached


def _references(schema: Schema) -> set[str]:
    target = schema.get("$ref")
    own = {target.removeprefix(_PREFIX)} if isinstance(target, str) else set()
    return own.union(*(_references(one) for one in _inside(schema)))


def _inside(schema: Schema) -> Iterator[Schema]:
    """The schemas that stand in this one."""
    for key, value in schema.items():
        named = list(value.values()) if key in _BY_NAME and isinstance(value, Mapping) else []
        parts = _listed(value) if key in _SCHEMAS else named
        yield from (part for part in parts if isinstance(part, Mapping))


def _listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list | tuple) else (value,)


def _asks(contract: Contract, schema: Schema) -> bool:
    """Whether it requires, at any depth, a property that goes only one way."""
    oneway = _hidden(contract, schema, "request") | _hidden(contract, schema, "response")
    return bool(oneway & _required(schema)) or any(_asks(contract, one) for one in _inside(schema))


def _required(schema: Schema) -> set[str]:
    """Names that the schema requires, itself or in a part."""
    parts = (part for part in schema.get("allOf") or () if isinstance(part, Mapping))
    return set(schema.get("required") or ()).union(*(_required(part) for part in parts))


def _hidden(contract: Contract, schema: Schema, way: Direction) -> set[str]:
    """Properties that do not go this way; `allOf` and references looked through."""
    if not {"properties", "allOf"} & set(schema):
        return set()
    declared = flat(contract, schema).schema.get("properties") or {}
    return {name for name, one in declared.items() if flat(contract, one).schema.get(_UNWANTED[way]) is True}


def _without(
    contract: Contract, schema: Any, way: Direction, renamed: Mapping[str, str], above: frozenset[str] = frozenset()
) -> Any:
    """The schema that requires nothing that does not go this way; `above`: what a schema around it hides."""
    if not isinstance(schema, Mapping):
        return schema
    hidden = above | _hidden(contract, schema, way)

    def part(key: str, value: Any) -> Any:
        if key == "required":
            return [name for name in value if name not in hidden]
        if key == "$ref" and way == "request":
            return _PREFIX + renamed.get(value.removeprefix(_PREFIX), value.removeprefix(_PREFIX))
        if key == "discriminator" and way == "request":
            return _renamed_targets(value, renamed)
        if key in _BY_NAME and isinstance(value, Mapping):
            return {name: _without(contract, one, way, renamed) for name, one in value.items()}
        if key not in _SCHEMAS:
            return value
        passed = hidden if key == "allOf" else frozenset[str]()
        made = [_without(contract, one, way, renamed, passed) for one in _listed(value)]
        return made if isinstance(value, list | tuple) else made[0]

    return {key: part(key, value) for key, value in schema.items()}


def _without_defaults(schema: Any) -> Any:
    if not isinstance(schema, Mapping):
        return schema

    def part(key: str, value: Any) -> Any:
        if key in _BY_NAME and isinstance(value, Mapping):
            return {name: _without_defaults(one) for name, one in value.items()}
        if key not in _SCHEMAS:
            return value
        return list(map(_without_defaults, value)) if isinstance(value, list | tuple) else _without_defaults(value)

    return {key: part(key, value) for key, value in schema.items() if key != "default"}


def _renamed_targets(discriminator: Any, renamed: Mapping[str, str]) -> Any:
    mapping = discriminator.get("mapping") if isinstance(discriminator, Mapping) else None
    if not isinstance(mapping, Mapping):
        return discriminator
    names = {tag: str(target).removeprefix(_PREFIX) for tag, target in mapping.items()}
    return {**discriminator, "mapping": {tag: _PREFIX + renamed.get(name, name) for tag, name in names.items()}}


def _free(name: str, known: Mapping[str, Schema]) -> str:
    while name in known:
        name += " sent"
    return name
