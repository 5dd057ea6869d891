"""Instances of schemas: valid, plausible, the same for the same seed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent.contract.flattening import Flat, flat, merged
from agent.contract.model import Contract, Schema
from agent.contract.numbers import NoNumber, number
from agent.contract.patterns import compiled
from agent.contract.texts import NoText, text
from agent.contract.validating import Direction, checker, validate
from agent.contract.violations import Violation, violations

__all__ = ["Direction", "Unsatisfiable", "Violation", "sample", "validate", "violations"]

_REPEATS = 2
"""How often a schema may contain itself on the way to a value, where nothing smaller is allowed."""
_MAX_TRAIL = 12
"""How many references deep optional things are still filled in."""
_MAX_ITEMS = 1000
_MAX_VALUES = 20_000
_RETRIES = 12


class Unsatisfiable(ValueError):
    """No instance was found: the schema forbids everything, or asks for more than is tried here."""


def sample(
    contract: Contract,
    schema: Schema,
    *,
    seed: int = 0,
    only_required: bool = False,
    direction: Direction | None = None,
) -> Any:
    """A valid instance, checked before it is given; pure.

    Seed 0 takes examples, then defaults, then the first choice; other seeds give other strings and numbers where the
    schema leaves room. With `only_required`, optional properties are left out. With a direction, so are properties
    that do not go that way.

    Raises Unsatisfiable.
    """
    check = checker(contract, schema, direction)
    reason = "the schema allows nothing that was tried"
    for attempt in range(_RETRIES):
        sampler = _Sampler(contract, seed, attempt, only_required or attempt >= _RETRIES // 2, direction)
        try:
            made = sampler.value(schema, "value", ())
        except _NOTHING_FITS as error:
            reason = str(error) or reason
            continue
        fault = next(iter(check.iter_errors(made)), None)
        if fault is None:
            return made
        reason = str(fault.message)[:200]
    raise Unsatisfiable(f"no valid instance was found: {reason}")


class _DeadEnd(Exception):
    """No value in this branch."""


_NOTHING_FITS = (_DeadEnd, NoText, NoNumber)


@dataclass
class _Sampler:
    contract: Contract
    seed: int
    attempt: int
    """Counts tries: later ones make other choices."""
    only_required: bool
    direction: Direction | None
    made: int = 0

    def value(self, schema: Any, name: str, trail: tuple[str, ...]) -> Any:
        self.made += 1
        if self.made > _MAX_VALUES:
            raise _DeadEnd("the instance would be too large")
        piece = flat(self.contract, schema)
        if any(trail.count(one) >= _REPEATS for one in piece.references):
            if "null" in piece.types:
                return None
            if "array" in piece.types and not piece.schema.get("minItems"):
                return []
            raise _DeadEnd("the schema contains itself without an end")
        trail = (*trail, *piece.references)
        return self._one(piece, name, trail)

    def _one(self, piece: Flat, name: str, trail: tuple[str, ...]) -> Any:
        schema = piece.schema
        if schema.get("not") in ({}, True):
            raise _DeadEnd("nothing is allowed here")
        if "const" in schema:
            return schema["const"]
        ready = list(self._ready(schema, trail))
        if ready:
            return ready[0]
        if isinstance(schema.get("enum"), list):
            return self._chosen(schema)
        if piece.alternatives:
            return self._alternative(piece, name, trail)
        return self._typed(piece, name, trail)

    def _ready(self, schema: Mapping[str, Any], trail: tuple[str, ...]) -> Iterator[Any]:
        """Examples and the default, where they are valid and nothing else was asked for."""
        if self.seed or self.attempt:
            return
        offered = [*(schema.get("examples") or ()), *([schema["default"]] if "default" in schema else ())]
        for one in offered:
            if one is None or (isinstance(one, dict | list) and (self.only_required or _is_deep(trail))):
                continue
            cleaned = self._cleaned(one, schema)
            if checker(self.contract, schema, self.direction).is_valid(cleaned):
                yield cleaned

    def _cleaned(self, value: Any, schema: Mapping[str, Any]) -> Any:
        if not isinstance(value, dict):
            return value
        properties = schema.get("properties") or {}
        return {name: one for name, one in value.items() if not self._unwanted(properties.get(name, {}))}

    def _chosen(self, schema: Mapping[str, Any]) -> Any:
        check = checker(self.contract, schema, self.direction)
        choices = [one for one in schema["enum"] if check.is_valid(one)]
        choices = [one for one in choices if one is not None] or choices
        if not choices:
            raise _DeadEnd("no member of the enumeration is valid")
        return choices[(self.seed + self.attempt) % len(choices)]

    def _alternative(self, piece: Flat, name: str, trail: tuple[str, ...]) -> Any:
        base = {key: value for key, value in piece.schema.items() if key not in {"oneOf", "anyOf"}}
        offered = [one for one in piece.alternatives if not _is_null(one)] or piece.alternatives
        turn = (self.seed + self.attempt) % len(offered)
        order = offered[turn:] + offered[:turn]
        if any(trail.count(one) > 1 for one in trail):
            order.sort(key=lambda one: json.dumps(one).count("$ref"))
        nothing = any(map(_is_null, piece.alternatives))
        for one in order:
            inner = flat(self.contract, one)
            if any(trail.count(name) >= (1 if nothing else _REPEATS) for name in inner.references):
                continue
            try:
                return self._one(Flat(merged(base, inner.schema), frozenset()), name, (*trail, *inner.references))
            except _NOTHING_FITS:
                continue
        if nothing:
            return None
        raise _DeadEnd("no alternative can be met")

    def _typed(self, piece: Flat, name: str, trail: tuple[str, ...]) -> Any:
        types = piece.types or ("string",)
        wanted = [one for one in types if one != "null"] or ["null"]
        match wanted[(self.seed + self.attempt) % len(wanted)]:
            case "object":
                return self._object(piece.schema, trail)
            case "array":
                return self._array(piece.schema, name, trail)
            case "integer":
                return int(number(piece.schema, self.seed + self.attempt, whole=True))
            case "number":
                return number(piece.schema, self.seed + self.attempt, whole=False)
            case "boolean":
                return self.seed % 2 == 0
            case "null":
                return None
        return text(piece.schema, name, self.seed + (self.attempt * 7919))

    def _object(self, schema: Mapping[str, Any], trail: tuple[str, ...]) -> dict[str, Any]:
        required = list(schema.get("required") or ())
        properties: Mapping[str, Any] = schema.get("properties") or {}
        made: dict[str, Any] = {}
        for name, one in properties.items():
            if self._unwanted(one):
                continue
            if name in required:
                made[name] = self.value(one, name, trail)
            elif not self.only_required and not self._recurring(one, trail):
                self._offer(made, name, one, trail)
        for name in required:
            if name not in properties:
                made[name] = self.value(self._extra(schema, name), name, trail)
        self._fill(made, schema, trail)
        return made

    def _offer(self, made: dict[str, Any], name: str, schema: Any, trail: tuple[str, ...]) -> None:
        try:
            made[name] = self.value(schema, name, trail)
        except _NOTHING_FITS:
            return

    def _fill(self, made: dict[str, Any], schema: Mapping[str, Any], trail: tuple[str, ...]) -> None:
        """Entries of maps, and what `minProperties` and `dependentRequired` still ask for."""
        needed = [one for name in list(made) for one in (schema.get("dependentRequired") or {}).get(name, ())]
        for name in needed:
            if name not in made:
                properties = schema.get("properties") or {}
                made[name] = self.value(properties.get(name, self._extra(schema, name)), name, trail)
        extra = schema.get("additionalProperties", True)
        is_map = isinstance(extra, Mapping) and bool(extra) and not schema.get("properties")
        wish = 1 if is_map and not self.only_required and not self._recurring(extra, trail) else 0
        least = max(int(schema.get("minProperties", 0)), min(wish, int(schema.get("maxProperties", 1))))
        if len(made) < least and self.only_required:
            self._optional(made, schema, trail, least)
        names = self._names(schema)
        while len(made) < least:
            name = next(names)
            if name not in made:
                made[name] = self.value(self._extra(schema, name), name, trail)

    def _optional(self, made: dict[str, Any], schema: Mapping[str, Any], trail: tuple[str, ...], least: int) -> None:
        for name, one in (schema.get("properties") or {}).items():
            if len(made) < least and name not in made and not self._unwanted(one):
                self._offer(made, name, one, trail)

    def _names(self, schema: Mapping[str, Any]) -> Iterator[str]:
        rule = dict(flat(self.contract, schema.get("propertyNames", {})).schema)
        patterns = list(schema.get("patternProperties") or ())
        if patterns and "pattern" not in rule:
            rule["pattern"] = patterns[0]
        if not patterns and schema.get("additionalProperties") is False:
            raise _DeadEnd("more properties are asked for than are allowed")
        choices = rule.get("enum")
        for index in range(_MAX_ITEMS):
            if isinstance(choices, list):
                yield str(choices[index % len(choices)])
            else:
                yield text(rule, "key", self.seed + self.attempt + index + 1)
        raise _DeadEnd("too many properties are asked for")

    def _extra(self, schema: Mapping[str, Any], name: str) -> Any:
        """The schema of a property that is not declared."""
        for pattern, one in (schema.get("patternProperties") or {}).items():
            if compiled(pattern)(name):
                return one
        extra = schema.get("additionalProperties", True)
        if extra is False:
            raise _DeadEnd(f"`{name}` is asked for and not allowed")
        return extra

    def _array(self, schema: Mapping[str, Any], name: str, trail: tuple[str, ...]) -> list[Any]:
        prefix = list(schema.get("prefixItems") or ())
        items = schema.get("items", schema.get("contains", True))
        least = int(schema.get("minItems", 0))
        wish = 0 if self.only_required or self._recurring(items, trail) else max(1, len(prefix))
        length = max(least, int(schema.get("minContains", 1)) if "contains" in schema else 0, wish)
        length = min(length, int(schema.get("maxItems", length)))
        if items is False:
            length = min(length, len(prefix))
        if length > _MAX_ITEMS:
            raise _DeadEnd(f"an array of {length:,} items")
        made: list[Any] = []
        for index in range(length):
            one = prefix[index] if index < len(prefix) else items
            try:
                made.append(self._item(one, name, trail, made if schema.get("uniqueItems") else []))
            except _NOTHING_FITS:
                if index < least:
                    raise
                break
        return made

    def _item(self, schema: Any, name: str, trail: tuple[str, ...], others: list[Any]) -> Any:
        own = self.seed
        try:
            for turn in range(50):
                self.seed = own + turn + len(others)
                made = self.value(schema, name.removesuffix("s") or name, trail)
                if made not in others:
                    return made
        finally:
            self.seed = own
        raise _DeadEnd("no more distinct items")

    def _unwanted(self, schema: Any) -> bool:
        if self.direction is None or not isinstance(schema, Mapping):
            return False
        keyword = "readOnly" if self.direction == "request" else "writeOnly"
        return flat(self.contract, schema).schema.get(keyword) is True

    def _recurring(self, schema: Any, trail: tuple[str, ...]) -> bool:
        """Would this lead back to where we are, or too deep?"""
        if len(trail) > _MAX_TRAIL:
            return True
        piece = flat(self.contract, schema)
        choices = [one for one in piece.alternatives if not _is_null(one)]
        if choices and len(trail) < _MAX_TRAIL and all(self._recurring(one, (*trail, "")) for one in choices):
            return True
        return any(one in trail for one in piece.references)


def _is_deep(trail: tuple[str, ...]) -> bool:
    """True inside a schema that contains itself."""
    return len(set(trail)) < len(trail)


def _is_null(schema: Any) -> bool:
    return isinstance(schema, Mapping) and (schema.get("type") == "null" or schema.get("const", 0) is None)
