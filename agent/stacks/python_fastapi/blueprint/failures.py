"""The shape that the contract gives errors, as the source of the function that makes one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from agent.contract.model import Contract, Schema
from agent.stacks.python_fastapi.blueprint.schemas import reference
from agent.stacks.python_fastapi.blueprint.text import literal

_MESSAGE = (
    "message",
    "detail",
    "error_description",
    "description",
    "title",
    "msg",
    "reason",
    "error",
    "problem",
    "text",
)
_CODE = ("code", "error_code", "errorcode", "type", "name", "kind", "error")
_STATUS = ("status", "statuscode", "status_code", "code", "httpstatus")
_DETAILS = ("details", "errors", "fields", "violations", "detail", "fielderrors", "validationerrors", "invalidparams")
_MESSAGES = {*_DETAILS, *_MESSAGE, "messages", "fullmessages", "nonfielderrors", "base", "body"}
"""What a list of messages is called."""
_FIELD = ("field", "path", "loc", "property", "pointer", "param", "parameter", "name", "resource", "key")
_FOLDED = 'message = "; ".join([message, *(f"{one.field}: {one.message}" for one in details)])'
"""Where the contract has no place for details, the message tells them."""
_KNOWN = " in known"
"""Where every problem is told by its field, and what has none by `base`."""
_ENVELOPE = (
    'error: dict[str, Any] = {"message": message, "code": code}',
    "if details:",
    '    error["details"] = [{"field": one.field, "message": one.message} for one in details]',
    'return {"error": error}',
)


_INVALID = ("400", "422")
_INPUTS = {
    "status": "int",
    "code": "str",
    "message": "str",
    "details": "Sequence[FieldProblem]",
    "retry_after": "int",
}


@dataclass(frozen=True, slots=True)
class FailureShape:
    """How errors of some statuses look."""

    name: str
    """Of the function that makes the body."""
    lines: tuple[str, ...]
    """Of that function: what it needs of `status`, `code`, `message`, `details` and `retry_after`."""
    media: str
    statuses: tuple[int, ...]
    """Empty: all that no other shape has, for the first; none, for those that only `places` have."""
    places: tuple[tuple[str, int], ...] = ()
    """Operation and status, where only some operations give errors of that status this shape."""

    @property
    def inputs(self) -> dict[str, str]:
        """The arguments that the lines use, as a signature has them."""
        text = "\n".join(self.lines)
        return {
            name: f"{name}: {kind}"
            for name, kind in _INPUTS.items()
            if re.search(rf"(?<![\"'])\b{name}\b(?![\"'])", text)
        }


_Look = tuple[tuple[str, ...], str]
"""Lines and media type."""


def failure_shapes(contract: Contract) -> tuple[FailureShape, ...]:
    """The shape of most errors, then those of the statuses for which the contract mostly says something else.

    Operations that give a status another shape than most do have theirs in `places`.
    """
    media = failure_media(contract)
    usual, invalid = ((failure_lines(contract, invalid=one), media) for one in (False, True))
    answers = _error_looks(contract)
    wanted = {int(status): invalid for status in _INVALID} | dict(_own_shapes(answers))
    shapes = [FailureShape("_failure", *usual, statuses=())]
    for shape in dict.fromkeys(wanted.values()):
        statuses = tuple(sorted(status for status, one in wanted.items() if one == shape))
        name = "_invalid" if shape == invalid else f"_failure_{statuses[0]}"
        shapes += [] if shape == usual else [FailureShape(name, *shape, statuses=statuses)]
    apart: dict[_Look, list[tuple[str, int]]] = {}
    for key, status, look, _ in answers:
        if look is not None and look != wanted.get(status, usual):
            apart.setdefault(look, []).append((key, status))
    return tuple(_with_places(shapes, apart))


def _with_places(shapes: list[FailureShape], apart: Mapping[_Look, list[tuple[str, int]]]) -> Iterator[FailureShape]:
    for one in shapes:
        yield replace(one, places=tuple(apart.get((one.lines, one.media), ())))
    known = {(one.lines, one.media) for one in shapes}
    for number, (look, places) in enumerate(((look, found) for look, found in apart.items() if look not in known), 1):
        yield FailureShape(f"_failure_apart_{number}", *look, statuses=(), places=tuple(places))


def _error_looks(contract: Contract) -> list[tuple[str, int, _Look | None, str]]:
    """Operation, status, how its error looks (None: it has no place to say what is wrong), and what is said of it."""
    found: list[tuple[str, int, _Look | None, str]] = []
    for operation in contract.operations:
        for answer in operation.answers:
            if answer.json is not None and answer.status.isdigit() and answer.status >= "400":
                lines, media = _lines(contract, answer.json), answer.json_media or ""
                look = (lines, media if "json" in media else "application/json") if lines is not None else None
                found.append((operation.key, int(answer.status), look, _told(answer.json)))
    return found


def _own_shapes(answers: Iterable[tuple[str, int, _Look | None, str]]) -> Iterator[tuple[int, _Look]]:
    """The look of each status that has one of its own in the contract."""
    found: dict[int, list[tuple[_Look | None, str]]] = {}
    for _, status, look, told in answers:
        found.setdefault(status, []).append((look, told))
    for status, looks in sorted(found.items()):
        most = Counter(told for _, told in looks).most_common(1)[0][0]
        look = next(one for one, told in looks if told == most)
        if look is not None:
            yield status, look


def _told(schema: Schema) -> str:
    return reference(schema) or repr(schema)


def failure_lines(contract: Contract, *, invalid: bool) -> tuple[str, ...]:
    """Lines of a function with `status`, `code`, `message` and `details` that returns the body of an error.

    `invalid`: for 400 and 422, where the contract often says something of its own.
    """
    schema = _most_common(contract, invalid=invalid)
    return (None if schema is None else _lines(contract, schema)) or _ENVELOPE


def _lines(contract: Contract, schema: Schema) -> tuple[str, ...] | None:
    """None where the schema has no place to say what is wrong."""
    shape = _Shape(contract)
    made = shape.object(schema)
    if made is None or not shape.told:
        return None
    detailed = "details" in made or _KNOWN in made or bool(shape.optional_details)
    lines = [] if detailed else [_FOLDED]
    lines += ['known = details or [FieldProblem("base", message)]'] if _KNOWN in made else []
    lines.append(f"body: dict[str, Any] = {made}")
    for target, expression in shape.optional_details:
        lines += ["if details:", f"    {target} = {expression}"]
    return (*lines, "return body")


def failure_media(contract: Contract) -> str:
    """The media type of errors."""
    counted = Counter(
        media
        for operation in contract.operations
        for answer in operation.answers
        for media in answer.content
        if not answer.status.startswith(("1", "2", "3")) and "json" in media
    )
    return counted.most_common(1)[0][0] if counted else "application/json"


def _most_common(contract: Contract, *, invalid: bool) -> Schema | None:
    schemas: dict[str, Schema] = {}
    counted: Counter[str] = Counter()
    for operation in contract.operations:
        for answer in operation.answers:
            wrong = answer.status in _INVALID
            if answer.json is None or answer.status.startswith(("1", "2", "3")) or wrong != invalid:
                continue
            name = _told(answer.json)
            schemas[name] = answer.json
            counted[name] += 1
    if not counted:
        return _most_common(contract, invalid=not invalid) if _declares_errors(contract) else None
    return schemas[counted.most_common(1)[0][0]]


def _declares_errors(contract: Contract) -> bool:
    return any(
        answer.json is not None and not answer.status.startswith(("1", "2", "3"))
        for operation in contract.operations
        for answer in operation.answers
    )


class _Shape:
    """Walks a schema of errors, and remembers where the details go."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self.told = False
        self.optional_details: list[tuple[str, str]] = []

    def object(self, schema: Schema, path: tuple[str, ...] = ()) -> str | None:
        """A dict literal for an object schema; None for anything else."""
        properties = self._properties(schema)
        if not properties or len(path) > 3:
            return None
        required = self._required(schema)
        parts = []
        for name, inner in properties.items():
            value = self._value(name, self._contract.resolve(inner), name in required, (*path, name))
            if value is not None:
                parts.append(f"{literal(name)}: {value}")
        return "{" + ", ".join(parts) + "}"

    def _value(self, name: str, schema: Schema, required: bool, path: tuple[str, ...]) -> str | None:
        plain = name.lower().replace("-", "").replace("_", "")
        plain_names = {plain, name.lower()}
        kind = self._kind(schema)
        if kind == "array":
            return self._details(schema, plain_names, required, path)
        if kind == "object":
            return self.object(schema, path) or self._by_field(schema, plain_names, required, path)
        if kind == "integer" and plain == "retryafter":
            return "retry_after"
        if kind == "integer":
            return "status" if plain_names & set(_STATUS) or required else None
        if kind not in ("string", ""):
            return {"boolean": "False", "number": "0"}.get(kind) if required else None
        allowed = list(schema.get("enum") or ([schema["const"]] if "const" in schema else []))
        if allowed:
            self.told = True
            return literal(str(allowed[0])) if required else None
        if schema.get("format") == "date-time":
            return None
        if plain_names & set(_CODE) and not (plain_names & set(_MESSAGE)):
            return '"about:blank"' if str(schema.get("format", "")).startswith("uri") else "code"
        if plain_names & set(_MESSAGE) or required:
            self.told = True
            return "message"
        return None

    def _details(self, schema: Schema, names: set[str], required: bool, path: tuple[str, ...]) -> str | None:
        if not names & _MESSAGES:
            return "[]" if required else None
        items = self._contract.resolve(schema.get("items") or {})
        one = self._item(items)
        if one is None:
            return "[]" if required else None
        if required or not self.told:
            self.told = True
            return f"[{one} for one in details or [FieldProblem('', message)]]"
        self._add_when_known(path, f"[{one} for one in details]")
        return None

    def _by_field(self, schema: Schema, names: set[str], required: bool, path: tuple[str, ...]) -> str | None:
        """A dict of field → what is wrong with it, or a list of that."""
        if self._properties(schema) or not (names & set(_DETAILS) or required):
            return None
        value = self._contract.resolve(schema.get("additionalProperties") or {})
        told = {"string": "one.message", "array": "[other.message for other in known if other.field == one.field]"}
        one = told.get(self._kind(value))
        if one is None or (self._kind(value) == "array" and self._kind(value.get("items") or {}) not in ("string", "")):
            return "{}" if required else None
        found = f"{{one.field: {one} for one in known}}"
        if required or not self.told:
            self.told = True
            return found
        self._add_when_known(path, found.replace("known", "details"))
        return None

    def _add_when_known(self, path: tuple[str, ...], told: str) -> None:
        self.optional_details.append(("body" + "".join(f"[{literal(part)}]" for part in path), told))

    def _item(self, schema: Schema) -> str | None:
        if self._kind(schema) == "string":
            return '": ".join(filter(None, (one.field, one.message)))'
        properties = self._properties(schema)
        required = self._required(schema)
        parts = []
        for name, inner in properties.items():
            target, plain = self._contract.resolve(inner), name.lower().replace("_", "")
            if plain in _FIELD:
                parts.append(
                    f"{literal(name)}: " + ('one.field.split(".")' if self._kind(target) == "array" else "one.field")
                )
            elif plain in _MESSAGE:
                parts.append(f"{literal(name)}: one.message")
            elif name in required and self._kind(target) == "string":
                parts.append(f"{literal(name)}: code")
            elif name in required:
                return None
        return "{" + ", ".join(parts) + "}" if parts else None

    def _kind(self, schema: Schema) -> str:
        kinds = schema.get("type")
        types = [kinds] if isinstance(kinds, str) else [one for one in kinds or () if one != "null"]
        if types:
            return str(types[0])
        return "object" if self._properties(schema) else "string" if "enum" in schema or "const" in schema else ""

    def _properties(self, schema: Schema) -> Mapping[str, Any]:
        target = self._contract.resolve(schema)
        found: dict[str, Any] = {}
        for part in target.get("allOf", ()):
            found |= self._properties(part)
        return {**found, **(target.get("properties") or {})}

    def _required(self, schema: Schema) -> set[str]:
        target = self._contract.resolve(schema)
        return set(target.get("required") or ()).union(*(self._required(part) for part in target.get("allOf", ())))
