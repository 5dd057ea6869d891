"""Is what is served what was agreed? Two documents as data, and a contract against a document derived from code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent.contract.grammar import METHODS
from agent.contract.loading import read_described
from agent.contract.model import Answer, Contract, Operation, Parameter, Schema
from agent.contract.rules import erased
from agent.contract.shapes import Comparison
from agent.contract.source import escape

_BLANK: Mapping[str, Any] = {"openapi": "3.1.0", "info": {"title": "", "version": ""}}
_FRAMEWORK_ERROR = "HTTPValidationError"


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One thing that the supplied and the served document say differently."""

    operation: str
    """`GET /books`, or empty when no single operation is concerned."""
    where: str
    """`parameters/query/limit`, `body/application/json/title`, `answers/201`; a JSON pointer from `same_document`."""
    supplied: str
    served: str

    def __str__(self) -> str:
        place = " ".join(part for part in (self.operation, self.where) if part)
        return f"{place}: supplied {self.supplied}, served {self.served}"


def same_document(supplied: Mapping[str, Any], served: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Where two documents differ as data. The order of keys and the spelling of numbers (1, 1.0) do not count."""
    return tuple(_data(supplied, served, ()))


def parity(contract: Contract, derived: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Where the interface that the code declares differs from the contract, in either direction.

    `derived` is an OpenAPI 3 document made from routes and types, such as FastAPI's; its paths may carry the
    contract's base path. Compared: the operations; parameters by place and name (path parameters by their order,
    headers without regard to case), whether they are required, and their schemas; the body: required, media types,
    schemas; the declared answers: statuses, media types, schemas, both ways; what authenticates a request.

    Statuses: every status of the contract must be declared by the code. A status that only the code declares is a
    difference unless the contract has a range (`4XX`) or `default` that covers it, and then its schema must be the
    covering answer's. The 422 with HTTPValidationError that FastAPI adds to every operation with input is the
    framework's and not the code's, which cannot take it away: where the contract declares no 422, it is passed over,
    and what a client really gets is for probes to ask. Where the contract declares 422, it is compared.

    Security: a bearer token is one thing, whether declared as http bearer, oauth2 or openIdConnect. Where the contract
    makes credentials optional, the code may declare them or not. Credentials that a middleware asks for are not in a
    derived document and therefore count as absent.

    Not compared: names of operations, components and tags, descriptions, examples, servers, headers of answers, links,
    callbacks, webhooks, parameter styles, OAuth scopes, and what `agent.contract.shapes` lists for schemas.

    Raises ContractError when `derived` is no OpenAPI document.
    """
    code = read_described({**_BLANK, **derived})
    ours = {_identity(one, ""): one for one in contract.operations}
    theirs = {_identity(one, contract.base_path): one for one in code.operations}
    found = [
        Difference(key_of.key, "", "declared" if mine else "missing", "missing" if mine else "declared")
        for mine, known, other in ((True, ours, theirs), (False, theirs, ours))
        for identity, key_of in known.items()
        if identity not in other
    ]
    for identity, operation in ours.items():
        if identity in theirs:
            found += _Pair(contract, code, operation, theirs[identity]).differences()
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class _Pair:
    """One operation as supplied and as the code declares it."""

    contract: Contract
    code: Contract
    ours: Operation
    theirs: Operation

    def differences(self) -> Iterator[Difference]:
        yield from self._parameters()
        yield from self._body()
        yield from self._answers()
        yield from self._security()

    def _parameters(self) -> Iterator[Difference]:
        ours, theirs = _parameters(self.ours), _parameters(self.theirs)
        for identity in dict.fromkeys([*ours, *theirs]):
            one, other = ours.get(identity), theirs.get(identity)
            shown = one or other
            assert shown is not None
            where = f"parameters/{shown.location}/{shown.name}"
            if one is None or other is None:
                yield self._missing(where, one is not None)
                continue
            if one.required != other.required:
                yield self._said(where, _needed(one.required), _needed(other.required))
            yield from self._schemas(where, one.schema, other.schema, "request", null_is_free=not one.required)

    def _body(self) -> Iterator[Difference]:
        one, other = self.ours.body, self.theirs.body
        if one is None or other is None:
            if one is not other:
                yield self._missing("body", one is not None)
            return
        if one.required != other.required:
            yield self._said("body", _needed(one.required), _needed(other.required))
        yield from self._content("body", one.content, other.content, "request")

    def _answers(self) -> Iterator[Difference]:
        ours = {answer.status.upper(): answer for answer in self.ours.answers}
        theirs = {answer.status.upper(): answer for answer in self.theirs.answers}
        for status, answer in ours.items():
            if status not in theirs:
                yield self._missing(f"answers/{answer.status}", True)
            else:
                yield from self._content(f"answers/{answer.status}", answer.content, theirs[status].content, "response")
        for status, answer in theirs.items():
            if status in ours or _is_framework_error(answer):
                continue
            covering = ours.get(f"{status[0]}XX") or ours.get("DEFAULT")
            if covering is None or status == "DEFAULT":
                yield self._missing(f"answers/{answer.status}", False)
            else:
                yield from self._content(f"answers/{answer.status}", covering.content, answer.content, "response")

    def _content(
        self, where: str, ours: Mapping[str, Schema], theirs: Mapping[str, Schema], direction: Any
    ) -> Iterator[Difference]:
        left, right = ({_media(name): schema for name, schema in one.items()} for one in (ours, theirs))
        for media in dict.fromkeys([*left, *right]):
            if media not in left or media not in right:
                yield self._missing(f"{where}/{media}", media in left)
            else:
                yield from self._schemas(f"{where}/{media}", left[media], right[media], direction)

    def _schemas(
        self, where: str, ours: Schema, theirs: Schema, direction: Any, *, null_is_free: bool = False
    ) -> Iterator[Difference]:
        comparison = Comparison(self.contract, self.code, direction)
        for inside, supplied, served in comparison.mismatches(ours, theirs, null_is_free=null_is_free):
            yield self._said(f"{where}{inside}", supplied, served)

    def _security(self) -> Iterator[Difference]:
        ours, theirs = _credentials(self.contract, self.ours), _credentials(self.code, self.theirs)
        optional = frozenset() in ours
        if optional and theirs - {frozenset()} in (frozenset(), ours - {frozenset()}):
            return
        if ours != theirs:
            yield self._said("security", _spoken(ours), _spoken(theirs))

    def _said(self, where: str, supplied: str, served: str) -> Difference:
        return Difference(self.ours.key, where, supplied, served)

    def _missing(self, where: str, ours: bool) -> Difference:
        return self._said(where, *(("declared", "missing") if ours else ("missing", "declared")))


def _identity(operation: Operation, base_path: str) -> tuple[str, str]:
    path = operation.path
    if base_path and (path == base_path or path.startswith(f"{base_path}/")):
        path = path.removeprefix(base_path)
    return operation.method, erased(path)


def _parameters(operation: Operation) -> dict[tuple[str, str], Parameter]:
    order = re.findall(r"\{([^{}]*)\}", operation.path)
    made: dict[tuple[str, str], Parameter] = {}
    for one in operation.parameters:
        name = one.name.lower() if one.location == "header" else one.name
        if one.location == "path" and one.name in order:
            name = str(order.index(one.name))
        made[(one.location, name)] = one
    return made


def _is_framework_error(answer: Answer) -> bool:
    schema = answer.json or {}
    return answer.status == "422" and str(schema.get("$ref", "")).endswith(f"/{_FRAMEWORK_ERROR}")


def _media(name: str) -> str:
    return name.partition(";")[0].strip().lower()


def _needed(required: bool) -> str:
    return "required" if required else "optional"


def _credentials(contract: Contract, operation: Operation) -> frozenset[frozenset[str]]:
    """The alternatives, each as what a request must carry; an open operation has only the empty one."""
    alternatives = operation.security or (frozenset(),)
    return frozenset(frozenset(_carried(contract, name) for name in names) for names in alternatives)


def _carried(contract: Contract, name: str) -> str:
    scheme = contract.security_schemes.get(name)
    if scheme is None:
        return name
    if scheme.kind == "apiKey":
        parameter = scheme.parameter.lower() if scheme.location == "header" else scheme.parameter
        return f"{scheme.location} {parameter}"
    if scheme.kind == "mutualTLS" or (scheme.kind == "http" and scheme.scheme != "bearer"):
        return scheme.scheme or scheme.kind
    return "bearer token"


def _spoken(alternatives: frozenset[frozenset[str]]) -> str:
    return " or ".join(sorted(" and ".join(sorted(one)) or "open to all" for one in alternatives))


def _data(supplied: Any, served: Any, path: tuple[str, ...]) -> Iterator[Difference]:
    if isinstance(supplied, Mapping) and isinstance(served, Mapping):
        for key in dict.fromkeys([*supplied, *served]):
            inner = (*path, str(key))
            if key not in served or key not in supplied:
                yield _differing(inner, *(("present", "missing") if key in supplied else ("missing", "present")))
            else:
                yield from _data(supplied[key], served[key], inner)
    elif isinstance(supplied, list) and isinstance(served, list):
        if len(supplied) != len(served):
            yield _differing(path, f"{len(supplied)} items", f"{len(served)} items")
        for index, (one, other) in enumerate(zip(supplied, served, strict=False)):
            yield from _data(one, other, (*path, str(index)))
    elif isinstance(supplied, bool) != isinstance(served, bool) or supplied != served:
        yield _differing(path, _brief(supplied), _brief(served))


def _differing(path: tuple[str, ...], supplied: str, served: str) -> Difference:
    operation = f"{path[2].upper()} {path[1]}" if len(path) > 2 and path[0] == "paths" and path[2] in METHODS else ""
    return Difference(operation, "#" + "".join(f"/{escape(part)}" for part in path), supplied, served)


def _brief(value: Any) -> str:
    if isinstance(value, Mapping | list):
        return f"{'an object' if isinstance(value, Mapping) else 'a list'} of {len(value)}"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
