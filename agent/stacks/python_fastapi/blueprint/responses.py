"""Declared answers as the constants that routes refer to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from agent.contract.model import Answer, Contract, Operation, Schema
from agent.stacks.python_fastapi.blueprint.naming import Names
from agent.stacks.python_fastapi.blueprint.operations import PlannedAnswer
from agent.stacks.python_fastapi.blueprint.schemas import SchemaModule, answer_name, class_reference, renamed_references
from agent.stacks.python_fastapi.blueprint.text import literal, one_line

_JSON = ("application/json", "*/*")
_BODILESS = {"204", "205", "304"}
_EMPTY = {204, 205, 304}


@dataclass
class Responses:
    """All answers of the contract but the good ones, each written once."""

    contract: Contract
    schemas: SchemaModule
    constants: dict[str, str] = field(default_factory=dict)
    """Constant → source of its value."""
    _named: dict[str, str] = field(default_factory=dict)
    _names: Names = field(default_factory=Names)

    def main(self, operation: Operation) -> PlannedAnswer:
        """The good answer."""
        answer = operation.success or next(iter(operation.answers), None)
        if answer is None:
            return PlannedAnswer(200, "", "None", declared=False)
        status = int(answer.status) if answer.status.isdigit() else 200
        made = self.body_class(operation, answer)
        kind = "None" if status in _EMPTY or not answer.content else made or "Response"
        return PlannedAnswer(status, answer.description, kind, declared=answer.status.isdigit())

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

    def _plain(self, answer: Answer) -> bool:
        """Whether its JSON goes by the usual name."""
        return any(media.partition(";")[0].strip() in _JSON for media in answer.content)

    def body_class(self, operation: Operation, answer: Answer) -> str | None:
        """The class of the answer's JSON body."""
        if answer.json is None or answer.status in _BODILESS or not self._plain(answer):
            return None
        name = class_reference(self.contract, answer.json) or answer_name(operation, answer.status)
        return self.schemas.classes.get(name)

    def _constant(self, operation: Operation, answer: Answer) -> str:
        parts = {"description": literal(one_line(answer.description))}
        made = self.body_class(operation, answer) if _says_json(answer) else None
        parts |= {"model": made} if made else {}
        parts |= self._beside(answer, typed=made is not None)
        source = "{" + ", ".join(f"{literal(key)}: {value}" for key, value in parts.items()) + "}"
        if source not in self._named:
            name = self._names.take(_constant_name(answer.status)).upper()
            self._named[source] = name
            self.constants[name] = source
        return self._named[source]

    def _beside(self, answer: Answer, *, typed: bool) -> dict[str, str]:
        """What no class stands for, and headers, as they stand in the document."""
        content = {
            media: {"schema": self.spelt(self.contract.resolve(schema))}
            for media, schema in answer.content.items()
            if not (typed and schema is answer.json) and answer.status not in _BODILESS
        }
        headers = {name: {"schema": self.spelt(schema)} for name, schema in answer.headers.items()}
        found = {"content": content, "headers": headers}
        return {key: repr(value) for key, value in found.items() if value}

    def spelt(self, schema: Schema) -> Any:
        """The schema with references to the generated classes."""
        return renamed_references(schema, self.schemas.classes)


def _says_json(answer: Answer) -> bool:
    """Whether its JSON is called so: where the contract has `*/*`, the document shall have it too."""
    return any(media.partition(";")[0].strip() == "application/json" for media in answer.content)


def _constant_name(status: str) -> str:
    if not status.isdigit():
        return {"default": "FAILURE"}.get(status, f"STATUS_{status.upper()}")
    try:
        return re.sub(r"\W+", "_", HTTPStatus(int(status)).phrase.replace("'", "")).upper()
    except ValueError:
        return f"STATUS_{status}"
