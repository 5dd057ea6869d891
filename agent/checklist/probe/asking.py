"""Requests made up from contract, binding and database, sent, and their answers read."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from agent.binding.model import Bound
from agent.checklist.probe.accounts import NO_WAY, Caller, NoCredentials, credentials
from agent.checklist.probe.judging import Notes, is_json, read_json
from agent.checklist.probe.keys import TELL, names_key, plain_keys, unknown_keys
from agent.checklist.probe.requests import ABSENT, Request, body_schema
from agent.checklist.probe.store import Row, Store
from agent.checklist.running import Reply, Running
from agent.contract.model import Contract, Operation, Parameter, Schema
from agent.contract.sample import Unsatisfiable, sample, validate

_TOO_MANY = 429
_REFUSED = (401, 403)
_LONGEST_WAIT = 5.0
_TRIES = 3


@dataclass(slots=True)
class Asker:
    """Makes requests to one service; every value is made up from one seed."""

    contract: Contract
    service: Running
    store: Store
    chance: random.Random
    _turn: int = field(init=False)
    """Counts made-up values, so that no two are alike; small, so that numbers stay small too."""

    def __post_init__(self) -> None:
        self._turn = self.chance.randrange(1, 5_000)

    def request(
        self,
        operation: Operation,
        *,
        caller: Caller | None,
        path_values: Mapping[str, Any],
        body: Any = ABSENT,
    ) -> Request:
        """A request with every required parameter. Raises `NoCredentials` when the caller cannot call it."""
        media = body_schema(operation)
        query, headers = self._parameters(operation)
        keys = plain_keys(operation, self.service.command) if names_key(operation) else {}
        return Request(
            operation=operation,
            base_path=self.contract.base_path,
            path_values=path_values,
            query={name: value for name, value in query.items() if f"?{name}" not in keys},
            headers={name: value for name, value in headers.items() if name not in keys},
            body=body,
            media_type=media[0] if media else "",
            credentials={**keys, **credentials(operation, self.contract, caller)},
            secrets=(caller.secrets if caller else frozenset()) | set(keys.values()),
        )

    def lacking(self, operation: Operation) -> tuple[str, ...]:
        """Parameters of the operation that seem to carry a key which nobody told."""
        return unknown_keys(operation, self.service.command) if names_key(operation) else ()

    def demand_let_in(self, request: Request, reply: Reply) -> None:
        """Raise `NoCredentials` when a request was refused that lacks a key which nobody told."""
        lacking = self.lacking(request.operation)
        if lacking and reply.status in _REFUSED:
            said = f"{request.operation.key} → {reply.status} where no good {' or '.join(lacking)} is known"
            raise NoCredentials(f"{NO_WAY}: {said}; it {TELL}")

    def refreshed(self, request: Request) -> Request:
        """The same with new values in its headers: an idempotency key counts once."""
        return replace(request, headers=self._parameters(request.operation)[1])

    async def send(self, request: Request, notes: Notes | None = None) -> Reply:
        """Send it. A request that got no answer counts as status 0; 429 is waited out for a few seconds."""
        for attempt in range(_TRIES):
            reply = await self._once(request)
            if notes is not None:
                notes.asked.append(f"{request.method} {request.target} → {reply.status or 'no answer'}")
            if reply.status != _TOO_MANY or attempt == _TRIES - 1:
                break
            await asyncio.sleep(_wait(reply))
        return reply

    def schema_problems(self, schema: Schema, value: Any) -> list[str]:
        """Why an answer's value does not fit a schema of the contract."""
        return list(validate(self.contract, schema, value, direction="response"))

    def made_up(self, schema: Schema) -> Any:
        """A value that fits a schema and was not made up before, ABSENT when none could be made."""
        self._turn += 1
        try:
            return sample(self.contract, schema, seed=self._turn, direction="request")
        except Unsatisfiable:
            return ABSENT

    def put(self, body: dict[str, Any], schema: Schema, name: str, value: Any) -> bool:
        """Put a value into a body, unless the contract forbids it there; tells whether it is in."""
        before = validate(self.contract, schema, body, direction="request")
        if len(validate(self.contract, schema, {**body, name: value}, direction="request")) > len(before):
            return False
        body[name] = value
        return True

    async def _once(self, request: Request) -> Reply:
        headers, content = request.encoded()
        try:
            return await self.service.ask(request.method, request.sent_target, headers=headers, content=content)
        except httpx.HTTPError as error:
            return Reply(0, httpx.Headers(), f"{type(error).__name__}: {error}".encode(), 0.0)

    def _parameters(self, operation: Operation) -> tuple[dict[str, Any], dict[str, str]]:
        query: dict[str, Any] = {}
        headers: dict[str, str] = {}
        for parameter in operation.parameters:
            if not parameter.required:
                continue
            match parameter.location:
                case "query":
                    query[parameter.name] = self.made_up(parameter.schema)
                case "header":
                    headers[parameter.name] = _header_text(self.made_up(parameter.schema))
                case "cookie":
                    headers["Cookie"] = f"{parameter.name}={_header_text(self.made_up(parameter.schema))}"
                case "path":
                    continue
        return query, headers


def carried(bound: Bound, reply: Reply) -> Any:
    """What an answer carries inside its envelope; None when it carries nothing."""
    value = answered(reply)
    for name in bound.envelope.data:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def answered(reply: Reply) -> Any:
    """The answer's JSON body; None when there is none."""
    if not reply.body or not is_json(reply.media_type or "application/json"):
        return None
    try:
        return read_json(reply)
    except (ValueError, RecursionError):
        return None


def answered_key(bound: Bound, reply: Reply, row_key: tuple[str, ...]) -> dict[str, Any]:
    """The primary key's values as the answer gives them; empty when they are not all there."""
    thing = carried(bound, reply)
    if not isinstance(thing, dict):
        return {}
    found = {one.column: thing.get(one.property) for one in bound.answer if one.column in row_key and not one.embedded}
    return found if row_key and all(found.get(name) is not None for name in row_key) else {}


def known_row(store: Store, bound: Bound, reply: Reply) -> Row | None:
    """The row that an answer is about, by the key in it."""
    table = store.catalog.table(bound.table)
    return store.find(table, answered_key(bound, reply, table.primary_key)) if table else None


def parameter_of(operation: Operation, name: str) -> Parameter | None:
    """The path parameter of that name."""
    return next((one for one in operation.parameters if one.location == "path" and one.name == name), None)


def _header_text(value: Any) -> str:
    return str(value).encode("ascii", "ignore").decode().replace("\r", "").replace("\n", "")


def _wait(reply: Reply) -> float:
    asked = str(reply.headers.get("retry-after", ""))
    return min(float(asked), _LONGEST_WAIT) if asked.isascii() and asked.isdigit() else 1.0


def plain_values(value: Any) -> Iterator[str]:
    """The texts, numbers and truths in a JSON value, each as text."""
    match value:
        case Mapping():
            for one in value.values():
                yield from plain_values(one)
        case list():
            for one in value:
                yield from plain_values(one)
        case _:
            yield str(value)
