"""Declared answers as the constants that routes refer to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from agent.contract.model import Answer, Contract, Operation, Schema
from agent.stacks.python_fastapi.blueprint.naming import Names, pascal
from agent.stacks.python_fastapi.blueprint.operations import PlannedAnswer
from agent.stacks.python_fastapi.blueprint.rephrasing import renamed_references
from agent.stacks.python_fastapi.blueprint.schemas import SchemaModule, answer_name, class_reference
from agent.stacks.python_fastapi.blueprint.text import literal, one_line

_JSON = "application/json"
_BODILESS = {"204", "205", "304"}
_EMPTY = {204, 205, 304}
_DEEPEST = 6
"""How far references are followed into one another where no class may stand for them."""
_LARGEST = 20_000
"""Characters of what is written so: schemas that refer to many others grow with each step."""


@dataclass
class Responses:
    """All answers of the contract but the good ones, each written once."""

    contract: Contract
    schemas: SchemaModule
    constants: dict[str, str] = field(default_factory=dict)
    """Constant → source of its value."""
    named_media: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """Media type of a good answer that is JSON by another name → its class, the type itself, what is sent."""
    _sources: dict[str, str] = field(default_factory=dict)
    _names: Names = field(default_factory=Names)
    _media_names: Names = field(default_factory=lambda: Names("NamedJSON"))

    def main(self, operation: Operation) -> PlannedAnswer:
        """The good answer."""
        answer = operation.success or next(iter(operation.answers), None)
        if answer is None:
            return PlannedAnswer(200, "", "None", declared=False)
        status = int(answer.status) if answer.status.isdigit() else 200
        made = self.body_class(operation, answer)
        kind = "None" if status in _EMPTY or not answer.content else made or "Response"
        declared = answer.status.isdigit()
        if kind in ("None", "Response") or (media := _plain(answer.json_media)) == _JSON:
            return PlannedAnswer(status, answer.description, kind, declared)
        response_class, _, sent = self._named(media)
        return PlannedAnswer(status, answer.description, kind, declared, response_class, sent)

    def _named(self, media: str) -> tuple[str, str, str]:
        if media not in self.named_media:
            name = self._media_names.take(pascal("any json" if "*" in media else media, fallback="Json"))
            self.named_media[media] = (name, media, _JSON if "*" in media else media)
        return self.named_media[media]

    def others(self, operation: Operation) -> tuple[tuple[str, str], ...]:
        """(Status, constant or literal) of every other declared answer, and what the good one has beside JSON."""
        main, found = self.main(operation), list[tuple[str, str]]()
        for answer in operation.answers:
            status = answer.status if answer.status.isdigit() else literal(answer.status)
            if answer.status == str(main.status):
                typed = self.body_class(operation, answer) is not None
                beside = self._beside(answer, typed=typed)
                if beside:
                    found.append((status, "{" + ", ".join(f"{literal(k)}: {v}" for k, v in beside.items()) + "}"))
                continue
            found.append((status, self._constant(operation, answer)))
        return tuple(found)

    def body_class(self, operation: Operation, answer: Answer) -> str | None:
        """The class of the answer's JSON body."""
        if answer.json is None or answer.status in _BODILESS:
            return None
        name = class_reference(self.contract, answer.json) or answer_name(operation, answer.status)
        return self.schemas.classes.get(name)

    def _constant(self, operation: Operation, answer: Answer) -> str:
        parts = {"description": literal(one_line(answer.description))}
        # FastAPI calls all answers of a route what it calls the good one.
        alike = _plain(answer.json_media) == self._declared_media(operation)
        made = self.body_class(operation, answer) if alike else None
        parts |= {"model": made} if made else {}
        parts |= self._beside(answer, typed=made is not None)
        source = "{" + ", ".join(f"{literal(key)}: {value}" for key, value in parts.items()) + "}"
        if source not in self._sources:
            name = self._names.take(_constant_name(answer.status)).upper()
            self._sources[source] = name
            self.constants[name] = source
        return self._sources[source]

    def _declared_media(self, operation: Operation) -> str:
        response_class = self.main(operation).response_class
        return next((media for name, media, _ in self.named_media.values() if name == response_class), _JSON)

    def _beside(self, answer: Answer, *, typed: bool) -> dict[str, str]:
        """What no class stands for, and headers, as they stand in the document."""
        content = {
            media: {"schema": self.spelt(schema if typed and schema == answer.json else self._whole(schema))}
            for media, schema in answer.content.items()
            if not (typed and media == answer.json_media)
        }
        headers = {name: {"schema": self.spelt(schema)} for name, schema in answer.headers.items()}
        found = {"content": content, "headers": headers}
        return {key: repr(value) for key, value in found.items() if value}

    def _whole(self, schema: Schema) -> Any:
        """The schema without references, for no class may stand for them in the document; cut where it grows too large.

        What is cut, and what it is inside of, is open.
        """
        made = self._opened(schema, 0)
        for depth in range(1, _DEEPEST + 1):
            deeper = self._opened(schema, depth)
            if deeper == made or len(repr(deeper)) > _LARGEST:
                break
            made = deeper
        return made

    def _opened(self, schema: Any, depth: int, above: frozenset[str] = frozenset()) -> Any:
        if isinstance(schema, list | tuple):
            return [self._opened(one, depth, above) for one in schema]
        if not isinstance(schema, Mapping):
            return schema
        target = schema.get("$ref")
        if not isinstance(target, str):
            return {key: self._opened(value, depth, above) for key, value in schema.items()}
        if target in above or len(above) > depth:
            return {}
        return self._opened(self.contract.resolve(schema), depth, above | {target})

    def spelt(self, schema: Schema, *, sent: bool = False) -> Any:
        """The schema with references to the generated classes, those of requests where it is `sent`."""
        classes = self.schemas.classes
        instead = {name: classes[other] for name, other in self.schemas.sent.items() if other in classes}
        return renamed_references(schema, {**classes, **instead} if sent else classes)


def _plain(media: str | None) -> str:
    """The media type without its parameters."""
    return (media or "").partition(";")[0].strip()


def _constant_name(status: str) -> str:
    if not status.isdigit():
        return {"default": "FAILURE"}.get(status, f"STATUS_{status.upper()}")
    try:
        return re.sub(r"\W+", "_", HTTPStatus(int(status)).phrase.replace("'", "")).upper()
    except ValueError:
        return f"STATUS_{status}"
