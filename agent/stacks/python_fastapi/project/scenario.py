"""One integration test: what is there, what is asked, what must come back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from agent.binding.callers import Proof
from agent.binding.model import Bound
from agent.binding.words import snake
from agent.contract.model import Operation
from agent.stacks.python_fastapi.project.arrangement import Arrangement, unknown
from agent.stacks.python_fastapi.project.imports import names_in, names_read
from agent.stacks.python_fastapi.project.shape import Shape, success_status
from agent.stacks.python_fastapi.project.source import Code, literal

Parameters = Mapping[str, Any]
"""Query parameter → value."""

_LONGEST = 80
_FORM = "application/x-www-form-urlencoded"
FIXTURES = {
    "client": "AsyncClient",
    "keyed": "AsyncClient",
    "database": "Database",
    "settings": "Settings",
    "tokens": "TokenIssuer",
    "sessions": "Sessions",
    "user": "Record",
    "headers": "Headers",
    "password_headers": "Headers",
    "unscoped_headers": "Headers",
}
BYTES = Code("CONTENT")
"""Stands for bytes that are sent as they are."""
KEYED = "keyed"
"""The client of callers who come with an API key, wherever it is sent."""
_SENDERS = {Proof.TOKEN: "headers", Proof.PASSWORD: "password_headers", Proof.KEY: KEYED}
"""What callers come with → the fixture of their headers, or of their client."""


@dataclass(frozen=True)
class Scenario:
    """One test function, in parts."""

    name: str
    summary: str
    arrange: Sequence[str]
    request: str
    status: int
    checks: Sequence[str] = ()
    cases: Sequence[tuple[str, Any]] = field(default=())
    """For a test that runs once for each of several values: its names and values; in the code it is `case`."""

    @property
    def asserted(self) -> Sequence[str]:
        """The checks; of an answer in which nothing can be compared, that there is one."""
        *before, last = self.checks or ("",)
        named = re.fullmatch(r"(?:data|answer) = (.*)", last)
        return [*before, f"assert {named[1]} is not None"] if named else self.checks

    @property
    def arranged(self) -> list[str]:
        """What is there; a row that nothing asks for later has no name."""
        read = names_read(self._source)
        return [_named(line, read) for line in self.arrange]

    @property
    def arguments(self) -> str:
        """The fixtures that the function uses, as its parameter list."""
        used = names_in(self._source)
        fixtures = [f"{name}: {kind}" for name, kind in FIXTURES.items() if name in used]
        return ", ".join([*fixtures, *(["case: Any"] if self.cases else [])])

    @property
    def _source(self) -> str:
        lines = [*self.arrange, f"response = {self.request}", *self.checks]
        body = "\n".join(f"    {line}" for line in lines)
        return f"async def test() -> None:\n{body}"


def ask(
    shape: Shape,
    bound: Bound,
    path: Mapping[str, Code],
    *,
    body: Code | None = None,
    parameters: Parameters | None = None,
    headers: str = "",
    without: str = "",
) -> str:
    """The call of the client: `await client.get("/books", params={...}, headers=headers)`.

    `without` names a required query parameter that is left out.
    """
    operation = bound.operation
    client, headers = (KEYED, "") if headers == KEYED else ("client", headers)
    query = {**_required(shape, bound, "query"), **(parameters or {})}
    query.pop(without, None)
    extra = _required(shape, bound, "header")
    if extra:
        headers = "{" + f"**{headers}, " * bool(headers) + literal(extra)[1:]
    keyword = "data" if operation.body and operation.body.json is None and _FORM in operation.body.content else "json"
    arguments = [_url(shape, bound, path)]
    arguments += [f"params={literal(query)}"] if query else []
    arguments += [f"{keyword}={_whole(operation, body)}"] if body is not None else []
    arguments += [f"headers={headers}"] if headers else []
    if operation.method in ("post", "put", "patch") or (body is None and operation.method != "trace"):
        return f"await {client}.{operation.method}({', '.join(arguments)})"
    return f'await {client}.request("{operation.method.upper()}", {", ".join(arguments)})'


def _whole(operation: Operation, body: Code) -> str:
    """The body as it is sent, as an expression."""
    return literal(operation.body.whole(body)) if operation.body and body != BYTES else body.text


def sender(shape: Shape, bound: Bound) -> str:
    """The headers of a caller who may do it, or `KEYED`; empty when nobody needs to sign in."""
    proof = shape.binding.proof(bound.operation)
    known = bound.operation.protected and (shape.accounts is not None or proof is Proof.KEY)
    return _SENDERS[proof] if known else ""


def arrangement(shape: Shape, bound: Bound) -> Arrangement:
    """An empty arrangement in which rows belong to the caller, where there is one."""
    accounts = shape.accounts
    caller = Code(f"user[{literal(accounts.id_column)}]") if accounts and bound.operation.protected else None
    return Arrangement(shape, owner=caller)


def answer_path(bound: Bound) -> str:
    """The expression for what the answer carries: `response.json()["data"]`."""
    return "response.json()" + "".join(f"[{literal(name)}]" for name in bound.envelope.data)


def name_of(bound: Bound) -> str:
    """The operation's id in snake_case."""
    return snake(bound.operation.id)


def main_status(bound: Bound) -> int:
    """The status of the operation's main path."""
    return success_status(bound.operation)


def unknown_path(shape: Shape, bound: Bound) -> dict[str, Code]:
    """Path values of things that are not there."""
    return {step.parameter: Code(unknown(shape.table(step.table), step.column, step.conversion)) for step in bound.path}


def _named(line: str, read: Set[str]) -> str:
    name, _, call = line.partition(" = ")
    return call if call.startswith("await make_") and name not in read else line


def _required(shape: Shape, bound: Bound, location: str) -> dict[str, Any]:
    """Values for the required parameters; the properties of one that is an object stand side by side."""
    values: dict[str, Any] = {}
    for parameter in bound.operation.parameters:
        if parameter.location == location and parameter.required:
            value = shape.values.of_schema(parameter.schema, parameter.name, 1)
            values |= value if isinstance(value, Mapping) else {parameter.name: value}
    return values


def _url(shape: Shape, bound: Bound, path: Mapping[str, Code]) -> str:
    url = shape.contract.base_path + bound.operation.path
    for parameter in bound.operation.parameters:
        if parameter.location == "path" and f"{{{parameter.name}}}" in url:
            fallback = Code(str(shape.values.of_schema(parameter.schema, parameter.name, 1)))
            value = path.get(parameter.name, fallback).text
            is_expression = bool(re.search(r"[\[(]", value))
            url = url.replace(f"{{{parameter.name}}}", f"\0{value}\1" if is_expression else value)
    return " ".join(_quoted(piece) for piece in _pieces(url))


def _pieces(url: str) -> Iterator[str]:
    """The URL in pieces that fit on a line, each ending before a slash."""
    piece = ""
    for part in re.split(r"(?=/)", url):
        if piece and len(piece) + len(part) > _LONGEST:
            yield piece
            piece = ""
        piece += part
    yield piece


def _quoted(piece: str) -> str:
    if "\0" not in piece:
        return '"' + piece + '"'
    return 'f"' + piece.replace("\0", "{").replace("\1", "}") + '"'
