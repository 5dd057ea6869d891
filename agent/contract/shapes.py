"""Do two schemas of two documents ask the same? Compared by structure, not by spelling.

The same: a reference and what it leads to, `allOf` and the merged object, `nullable`, a type array with null and
`anyOf` with null, `const` and an enumeration of one, `oneOf` and `anyOf`, a choice of one and that one, a type array
and a choice of types, an exclusive whole bound and the next number, members of enumerations, required names and
alternatives in any order, a required name without a property and a property of any value, `format: byte` and
`contentEncoding: base64`, `format: binary` and `contentMediaType: application/octet-stream`.

Not compared: title, description, examples, deprecated, discriminator, xml, externalDocs and other annotations;
`default` in answers, and a default of null anywhere; bounds that only say int32 or int64; formats that no checker
agrees on (float, double, int32, int64, password and unknown ones); the lengths that pydantic adds to URIs (1 to 2083
or 65536); null for optional properties where only the code allows it, because that is how pydantic says "optional"
(probes tell whether null is refused); `additionalProperties: true` against its absence; `readOnly` properties in
requests and `writeOnly` ones in answers; `not`, `if`/`then`/`else`, `contains`, `propertyNames`, `patternProperties`,
`dependentRequired`, `dependentSchemas` and `unevaluated...`, which the types of a program cannot say.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from agent.contract.flattening import Flat, flat, merged
from agent.contract.model import Contract
from agent.contract.validating import INTEGER_BOUNDS, Direction

_FORMATS = {
    "date",
    "date-time",
    "time",
    "uuid",
    "email",
    "uri",
    "ipv4",
    "ipv6",
    "byte",
    "binary",
    "duration",
    "hostname",
}
_SAME_FORMAT = {"url": "uri", "base64": "byte", "idn-email": "email"}
_LIMITS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "multipleOf", "pattern")
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_WIDE = {number for pair in INTEGER_BOUNDS.values() for bound in pair for number in (bound, float(bound))}
_OTHERS = ("additionalProperties", "unevaluatedProperties")
"""What other properties are; once parts are put together, both see the same ones."""
_BY_TYPE: Mapping[str, frozenset[str]] = {
    "string": frozenset({"minLength", "maxLength", "pattern", "format", "contentEncoding", "contentMediaType"}),
    "integer": frozenset({*_BOUNDS, "multipleOf", "format"}),
    "number": frozenset({*_BOUNDS, "multipleOf", "format"}),
    "array": frozenset({"items", "prefixItems", "minItems", "maxItems", "uniqueItems"}),
    "object": frozenset({"properties", "required", "minProperties", "maxProperties"} | set(_OTHERS)),
}
_TYPED = frozenset().union(*_BY_TYPE.values())
_JSON_TYPES: Mapping[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    dict: "object",
    list: "array",
}

_DEPTH = 30
"""How far schemas are followed into one another before the rest is put off."""
_MAX_PAIRS = 20_000
"""Pairs of schemas that one comparison looks at; more is told as a difference."""
_MAX_CHOICES = 200

Mismatch = tuple[str, str, str]
"""Where inside the schema, what the first says, what the second says."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a schema asks, one level deep: a choice of parts, each of at most one type."""

    parts: tuple[dict[str, Any], ...]
    nullable: bool
    default: Any = None


@dataclass
class Comparison:
    """Compares schemas of two contracts that go the same way."""

    first: Contract
    second: Contract
    direction: Direction
    _assumed: set[tuple[str, ...]] = field(default_factory=set)
    _postponed: list[tuple[Any, Any, str, bool]] = field(default_factory=list)
    _depth: int = 0
    _compared_pairs: int = 0

    def mismatches(self, first: Any, second: Any, where: str = "", *, null_is_free: bool = False) -> Iterator[Mismatch]:
        """What they ask differently. Pairs that are being compared already count as equal, so cycles end.

        With `null_is_free`, the second may allow null where the first does not.
        """
        if self._depth >= _DEPTH:
            self._postponed.append((first, second, where, null_is_free))
            return
        yield from self._compared(first, second, where, null_is_free)
        while self._depth == 0 and self._postponed:
            yield from self._compared(*self._postponed.pop())

    def _compared(self, first: Any, second: Any, where: str, null_is_free: bool) -> list[Mismatch]:
        pair = (_key(first), _key(second), str(null_is_free))
        if pair in self._assumed:
            return []
        self._compared_pairs += 1
        if self._compared_pairs > _MAX_PAIRS:
            return [(where, "too much to compare", "too much to compare")]
        self._assumed.add(pair)
        self._depth += 1
        left, right = self._shape(self.first, first), self._shape(self.second, second)
        found = [*self._null(left, right, where, null_is_free), *self._shapes(left, right, where)]
        self._depth -= 1
        if found:
            self._assumed.discard(pair)
        return found

    def _null(self, left: Shape, right: Shape, where: str, free: bool) -> Iterator[Mismatch]:
        if left.nullable != right.nullable and not (free and right.nullable):
            yield where, *(("may be null", "not null") if left.nullable else ("not null", "may be null"))

    def _shapes(self, left: Shape, right: Shape, where: str) -> Iterator[Mismatch]:
        if self.direction == "request" and left.default != right.default:
            yield f"{where}/default", _shown(left.default), _shown(right.default)
        yield from self._parts(left.parts, right.parts, where)

    def _parts(
        self, left: tuple[dict[str, Any], ...], right: tuple[dict[str, Any], ...], where: str
    ) -> Iterator[Mismatch]:
        if len(left) == len(right) == 1:
            yield from self._part(left[0], right[0], where)
            return
        unmatched = list(right)
        missing = []
        for one in left:
            twin = next((other for other in unmatched if self._same(one, other)), None)
            if twin is None:
                missing.append(one)
            else:
                unmatched.remove(twin)
        if missing or unmatched:
            yield where, _choice(missing or left), _choice(unmatched or right)

    def _same(self, one: dict[str, Any], other: dict[str, Any]) -> bool:
        """Equal without leaving a trace: what was assumed on the way is forgotten when they are not."""
        before = set(self._assumed)
        same = not list(self._part(one, other, ""))
        if not same:
            self._assumed = before
        return same

    def _part(self, left: dict[str, Any], right: dict[str, Any], where: str) -> Iterator[Mismatch]:
        if left.get("type") != right.get("type"):
            yield where, _choice([left]), _choice([right])
            return
        for key in ("enum", "format", *_BOUNDS, *_LIMITS, "uniqueItems"):
            if left.get(key) != right.get(key):
                yield f"{where}/{key}", _shown(left.get(key)), _shown(right.get(key))
        if left.get("type") == "object":
            yield from self._objects(left, right, where)
        if left.get("type") == "array":
            yield from self._arrays(left, right, where)

    def _objects(self, left: dict[str, Any], right: dict[str, Any], where: str) -> Iterator[Mismatch]:
        ours, theirs = left["properties"], right["properties"]
        for name in dict.fromkeys([*ours, *theirs]):
            place = f"{where}/{name}"
            if name not in theirs or name not in ours:
                open_to_all = left["additionalProperties"] is right["additionalProperties"] is True
                required = name in left["required"] & right["required"]
                if open_to_all and required and self._says_nothing(ours, theirs, name):
                    continue
                yield place, *(("declared", "missing") if name in ours else ("missing", "declared"))
                continue
            if (name in left["required"]) != (name in right["required"]):
                said = ("required", "optional") if name in left["required"] else ("optional", "required")
                yield place, *said
            optional = name not in left["required"] and name not in right["required"]
            yield from self.mismatches(ours[name], theirs[name], place, null_is_free=optional)
        for name in sorted(left["required"] ^ right["required"]):
            if name not in ours and name not in theirs:
                yield (
                    f"{where}/{name}",
                    *(("required", "optional") if name in left["required"] else ("optional", "required")),
                )
        yield from self._extras(left["additionalProperties"], right["additionalProperties"], f"{where}/*")

    def _says_nothing(self, ours: Mapping[str, Any], theirs: Mapping[str, Any], name: str) -> bool:
        """Whether the one that declares it lets it be anything."""
        contract, schema = (self.first, ours[name]) if name in ours else (self.second, theirs[name])
        piece = flat(contract, schema)
        return not piece.alternatives and not {"type", "enum", "const", *_TYPED} & set(piece.schema)

    def _extras(self, left: Any, right: Any, where: str) -> Iterator[Mismatch]:
        if isinstance(left, bool) or isinstance(right, bool):
            if left is not right:
                yield where, _extra(left), _extra(right)
            return
        yield from self.mismatches(left, right, where)

    def _arrays(self, left: dict[str, Any], right: dict[str, Any], where: str) -> Iterator[Mismatch]:
        ours, theirs = left.get("prefixItems") or [], right.get("prefixItems") or []
        if len(ours) != len(theirs):
            yield f"{where}/prefixItems", str(len(ours)), str(len(theirs))
        for index, (one, other) in enumerate(zip(ours, theirs, strict=False)):
            yield from self.mismatches(one, other, f"{where}/{index}")
        yield from self.mismatches(left.get("items", True), right.get("items", True), f"{where}/items")

    def _shape(self, contract: Contract, schema: Any) -> Shape:
        piece = flat(contract, schema)
        parts = list(islice(_parts_of(contract, piece, 0), _MAX_CHOICES))
        nullable = any(part.get("type") == "null" for part in parts) or any(not part for part in parts)
        kept = [self._plain(contract, part) for part in parts if part.get("type") != "null"]
        unique = {_key(part): part for part in kept}
        return Shape(tuple(unique.values()), nullable, piece.schema.get("default"))

    def _plain(self, contract: Contract, part: dict[str, Any]) -> dict[str, Any]:
        """The part with only what is compared, each in its one spelling."""
        kind = part.get("type")
        made = {key: value for key, value in part.items() if key in _BY_TYPE.get(str(kind), ())}
        made |= {key: part[key] for key in ("type", "enum") if key in part}
        if "format" in made or "contentEncoding" in made or "contentMediaType" in made:
            made = _with_format(made)
        if kind == "integer":
            made = _whole_bounds(made)
        if kind == "object":
            made |= self._object(contract, part)
        for key in ("minLength", "minItems", "minProperties", "uniqueItems"):
            if not made.get(key, True):
                del made[key]
        return {key: value for key, value in made.items() if value is not None}

    def _object(self, contract: Contract, part: dict[str, Any]) -> dict[str, Any]:
        keyword = "readOnly" if self.direction == "request" else "writeOnly"
        extra = next((part[key] for key in _OTHERS if key in part), True)
        declared = part.get("properties") or {}
        hidden = {name for name, one in declared.items() if flat(contract, one).schema.get(keyword) is True}
        return {
            "properties": {name: one for name, one in declared.items() if name not in hidden},
            "required": frozenset(part.get("required") or ()) - hidden,
            "additionalProperties": True if extra == {} else extra,
            "unevaluatedProperties": None,
        }


def _parts_of(contract: Contract, piece: Flat, depth: int) -> Iterator[dict[str, Any]]:
    """The choices of a schema, each with at most one type; choices inside choices are laid open."""
    if piece.alternatives and depth < 8:
        base = {key: value for key, value in piece.schema.items() if key not in {"oneOf", "anyOf"}}
        for one in piece.alternatives:
            inner = flat(contract, one)
            combined = Flat(merged(base, inner.schema), inner.references)
            if combined.schema.get("type") != []:
                yield from _parts_of(contract, combined, depth + 1)
        return
    yield from _typed_parts(piece)


def _typed_parts(piece: Flat) -> Iterator[dict[str, Any]]:
    schema = {key: value for key, value in piece.schema.items() if key in _TYPED or key == "enum"}
    if "const" in piece.schema:
        schema["enum"] = [piece.schema["const"]]
    types = piece.types
    if isinstance(schema.get("enum"), list):
        yield from _enumerated(schema, types)
        return
    if not types:
        yield schema
    for name in types:
        yield {"type": name, **{key: value for key, value in schema.items() if key in _BY_TYPE.get(name, ())}}


def _enumerated(schema: dict[str, Any], types: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    members: dict[str, set[str]] = {}
    for one in schema["enum"]:
        name = "null" if one is None else _JSON_TYPES[type(one)]
        name = "number" if name == "integer" and "number" in types else name
        if not types or name in types:
            members.setdefault(name, set()).add(json.dumps(one, sort_keys=True))
    for name, values in members.items():
        yield {"type": "null"} if name == "null" else {"type": name, "enum": tuple(sorted(values))}


def _with_format(part: dict[str, Any]) -> dict[str, Any]:
    encoding, media = part.pop("contentEncoding", None), part.pop("contentMediaType", None)
    name = str(part.pop("format", ""))
    name = _SAME_FORMAT.get(name, name)
    if not name and encoding == "base64":
        name = "byte"
    if not name and media == "application/octet-stream":
        name = "binary"
    if name == "uri":
        part.update(minLength=None if part.get("minLength") == 1 else part.get("minLength"))
        part.update(maxLength=None if part.get("maxLength") in {2083, 65536} else part.get("maxLength"))
    return {**part, "format": name} if name in _FORMATS else part


def _whole_bounds(part: dict[str, Any]) -> dict[str, Any]:
    lows = [part.pop("minimum", None), _moved(part.pop("exclusiveMinimum", None), 1)]
    highs = [part.pop("maximum", None), _moved(part.pop("exclusiveMaximum", None), -1)]
    low = max((one for one in lows if one is not None), default=None)
    high = min((one for one in highs if one is not None), default=None)
    return {**part, "minimum": None if low in _WIDE else low, "maximum": None if high in _WIDE else high}


def _moved(bound: Any, by: int) -> Any:
    return None if bound is None else bound + by


def _key(schema: Any) -> str:
    return json.dumps(schema, sort_keys=True, default=sorted)


def _choice(parts: Any) -> str:
    return " or ".join(_named(part) for part in parts) or "nothing"


def _named(part: dict[str, Any]) -> str:
    if "enum" in part:
        return f"one of {', '.join(part['enum'])}"
    return str(part.get("type", "anything"))


def _extra(value: Any) -> str:
    return (
        "no other properties" if value is False else "any other properties" if value is True else "others of a schema"
    )


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    return ", ".join(value) if isinstance(value, tuple) else json.dumps(value)
