"""The API as the runtime sees it: operations, parameters, bodies, answers, security.

Schemas are JSON Schema 2020-12 dictionaries whatever the document's version was (`nullable` has become a type
array); references stay, as `#/components/schemas/Name`, so that cycles need no care.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Schema = Mapping[str, Any]
"""A JSON Schema 2020-12 object."""

Method = Literal["get", "put", "post", "delete", "options", "head", "patch", "trace"]
Location = Literal["path", "query", "header", "cookie"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operation, path-level ones included."""

    name: str
    location: Location
    required: bool
    schema: Schema
    description: str = ""
    style: str = "simple"
    explode: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """The request body, by media type."""

    required: bool
    content: Mapping[str, Schema]
    within: tuple[str, ...] = ()
    """Property names down to what `content` describes; empty, as documents have it: the whole body."""

    def whole(self, carried: Any) -> Any:
        """What is sent around what `content` describes: `{"book": {...}}`."""
        for name in reversed(self.within):
            carried = {name: carried}
        return carried

    @property
    def json_media(self) -> str | None:
        """The media type of the JSON variant as the document says it, None when there is none."""
        return _json_media(self.content)

    @property
    def json(self) -> Schema | None:
        """The schema of the JSON variant, None when there is none."""
        return None if self.json_media is None else self.content[self.json_media]


@dataclass(frozen=True, slots=True)
class Answer:
    """One declared answer of an operation."""

    status: str
    """`200`, `4XX` or `default`, as the document says."""
    description: str
    content: Mapping[str, Schema]
    headers: Mapping[str, Schema] = field(default_factory=dict)

    @property
    def json_media(self) -> str | None:
        """The media type of the JSON variant as the document says it, None when there is none."""
        return _json_media(self.content)

    @property
    def json(self) -> Schema | None:
        """The schema of the JSON variant, None when there is none."""
        return None if self.json_media is None else self.content[self.json_media]


@dataclass(frozen=True, slots=True)
class SecurityScheme:
    """One entry of `components.securitySchemes`."""

    name: str
    kind: Literal["apiKey", "http", "oauth2", "openIdConnect", "mutualTLS"]
    scheme: str = ""
    """For `http`: bearer, basic..."""
    location: str = ""
    """For `apiKey`: header, query or cookie."""
    parameter: str = ""
    """For `apiKey`: the name of that header, query parameter or cookie."""
    token_url: str = ""
    """For `oauth2` with the password flow: where the token is got."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path."""

    id: str
    """`operationId` as supplied, else made from method and path."""
    method: Method
    path: str
    """The path template as supplied, without the servers' base path."""
    summary: str
    description: str
    tags: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    body: Body | None
    answers: tuple[Answer, ...]
    security: tuple[frozenset[str], ...]
    """Alternatives, each the names of the schemes it needs; empty: open to all. An empty set among them: optional."""
    pointer: str
    """Where it stands in the document: `#/paths/~1books/get`."""

    @property
    def key(self) -> str:
        """How reports name it: `GET /books`."""
        return f"{self.method.upper()} {self.path}"

    @property
    def success(self) -> Answer | None:
        """The first declared 2xx answer, else `default`, else None."""
        good = [answer for answer in self.answers if answer.status.startswith("2")]
        fallback = [answer for answer in self.answers if answer.status == "default"]
        return next(iter(good + fallback), None)

    @property
    def protected(self) -> bool:
        """True when it cannot be called without credentials."""
        return bool(self.security) and frozenset() not in self.security


@dataclass(frozen=True, slots=True)
class Contract:
    """The API from an OpenAPI 3.0 or 3.1 document."""

    title: str
    version: str
    openapi: str
    """`3.0.x` or `3.1.x`, as supplied."""
    document: Mapping[str, Any]
    """The document as supplied, bundled into one: references into other files have become local components."""
    base_path: str
    """The path of the first server, without a trailing slash: `/api/v1`, or empty."""
    operations: tuple[Operation, ...]
    schemas: Mapping[str, Schema]
    security_schemes: Mapping[str, SecurityScheme]
    digest: str
    """SHA-256 of the supplied bytes, all files of it."""
    notes: tuple[str, ...] = ()
    """What was invalid and read as it is meant, each with its place."""

    def resolve(self, schema: Schema | bool) -> Schema:
        """Follow `$ref` until something that is not a bare reference; siblings of `$ref` are laid over the target.

        True is a schema that allows anything, and False one that allows nothing.
        """
        if isinstance(schema, bool):
            return {} if schema else {"not": {}}
        seen: set[str] = set()
        while isinstance(schema.get("$ref"), str) and schema["$ref"] not in seen:
            reference = str(schema["$ref"])
            seen.add(reference)
            siblings = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**self.schemas.get(reference.rsplit("/", 1)[-1], {}), **siblings}
        return schema

    def operation(self, key: str) -> Operation:
        """The operation named `GET /books`; KeyError when there is none."""
        return next((one for one in self.operations if one.key == key), None) or _missing(key)


def _json_media(content: Mapping[str, Schema]) -> str | None:
    """`application/json` before JSON by another name."""
    found = [media for media in content if "json" in media or media == "*/*"]
    return next((one for one in found if one.partition(";")[0].strip() == "application/json"), next(iter(found), None))


def _missing(key: str) -> Operation:
    raise KeyError(key)
