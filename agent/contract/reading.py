"""From a bundled, valid document to operations, parameters, bodies, answers and security schemes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from agent.contract.dialect import Dialect
from agent.contract.grammar import Step
from agent.contract.model import Answer, Body, Contract, Location, Method, Operation, Parameter, Schema, SecurityScheme
from agent.contract.rules import followed, operations
from agent.contract.source import escape

_IGNORED_HEADERS = frozenset({"accept", "content-type", "authorization"})
"""Header parameters of these names have no effect, says the specification."""


def read_contract(document: Mapping[str, Any], digest: str) -> Contract:
    """The contract of a document that was found valid; nothing is checked here."""
    reader = _Reader(document)
    made = reader.operations()
    return Contract(
        title=str(document["info"]["title"]),
        version=str(document["info"]["version"]),
        openapi=str(document["openapi"]),
        document=document,
        base_path=_base_path(document),
        operations=made,
        schemas=reader.dialect.finish(),
        security_schemes=reader.security_schemes(),
        digest=digest,
    )


class _Reader:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._components: Mapping[str, Any] = document.get("components") or {}
        self.dialect = Dialect(document)

    def operations(self) -> tuple[Operation, ...]:
        found = list(operations(self._document))
        used = {str(operation["operationId"]) for *_, operation in found if operation.get("operationId")}
        return tuple(self._operation(path, method, item, node, used) for path, method, item, node in found)

    def security_schemes(self) -> dict[str, SecurityScheme]:
        declared = self._components.get("securitySchemes") or {}
        return {name: _security_scheme(name, self._followed(node)) for name, node in declared.items()}

    def _operation(
        self, path: str, method: str, item: Mapping[str, Any], node: Mapping[str, Any], used: set[str]
    ) -> Operation:
        return Operation(
            id=str(node.get("operationId") or _made_id(method, path, used)),
            method=cast(Method, method),
            path=path,
            summary=str(node.get("summary") or item.get("summary") or ""),
            description=str(node.get("description") or item.get("description") or ""),
            tags=tuple(map(str, node.get("tags") or ())),
            parameters=self._parameters(item, node),
            body=self._body(node.get("requestBody")),
            answers=tuple(
                self._answer(str(status), answer)
                for status, answer in (node.get("responses") or {}).items()
                if not str(status).startswith("x-")
            ),
            security=self._security(node),
            pointer="#/" + "/".join(map(escape, ("paths", path, method))),
        )

    def _parameters(self, item: Mapping[str, Any], node: Mapping[str, Any]) -> tuple[Parameter, ...]:
        merged: dict[Step, Parameter] = {}
        for one in (*(item.get("parameters") or ()), *(node.get("parameters") or ())):
            for parameter in self._exploded(self._followed(one)):
                if parameter.location != "header" or parameter.name.lower() not in _IGNORED_HEADERS:
                    merged[(parameter.location, parameter.name)] = parameter
        return tuple(merged.values())

    def _exploded(self, node: Mapping[str, Any]) -> list[Parameter]:
        """The parameters that stand in the query for one: its properties, where it is an object that is exploded."""
        parameter = self._parameter(node)
        schema = self._followed(node.get("schema") or {})
        properties = schema.get("properties") or {}
        plain = parameter.location == "query" and parameter.style == "form" and parameter.explode
        named = not (
            {"allOf", "anyOf", "oneOf", "patternProperties"} & set(schema) or schema.get("additionalProperties")
        )
        inner = [self._followed(one) for one in properties.values()]
        if not (plain and named and inner) or any("properties" in one or one.get("type") == "object" for one in inner):
            return [parameter]
        required = schema.get("required") or () if parameter.required else ()
        return [
            self._parameter({"name": name, "in": "query", "schema": one, "required": name in required})
            for name, one in properties.items()
        ]

    def _parameter(self, node: Mapping[str, Any]) -> Parameter:
        location = cast(Location, node["in"])
        style = str(node.get("style") or ("form" if location in {"query", "cookie"} else "simple"))
        return Parameter(
            name=str(node["name"]),
            location=location,
            required=bool(node.get("required", False)) or location == "path",
            schema=self._valued(node),
            description=str(node.get("description") or ""),
            style=style,
            explode=bool(node.get("explode", style == "form")),
        )

    def _valued(self, node: Mapping[str, Any]) -> Schema:
        """The schema of a parameter or header: its own, or that of its only media type."""
        contents = list((node.get("content") or {}).values())
        declared = node["schema"] if "schema" in node else (contents[0].get("schema", {}) if contents else {})
        schema = self.dialect.schema(declared)
        example = _example(self._document, node)
        return {**schema, "examples": example} if example and "examples" not in schema else schema

    def _body(self, node: Any) -> Body | None:
        if node is None:
            return None
        body = self._followed(node)
        return Body(required=bool(body.get("required", False)), content=self._content(body))

    def _answer(self, status: str, node: Any) -> Answer:
        answer = self._followed(node)
        headers = {
            name: self._valued(self._followed(header))
            for name, header in (answer.get("headers") or {}).items()
            if name.lower() != "content-type"
        }
        description = str(answer.get("description") or "")
        return Answer(status=status, description=description, content=self._content(answer), headers=headers)

    def _content(self, node: Mapping[str, Any]) -> dict[str, Schema]:
        return {str(media): self._media(value) for media, value in (node.get("content") or {}).items()}

    def _media(self, media: Mapping[str, Any]) -> Schema:
        schema = self.dialect.schema(media.get("schema", {}))
        example = _example(self._document, media)
        return {**schema, "examples": example} if example and "examples" not in schema else schema

    def _security(self, node: Mapping[str, Any]) -> tuple[frozenset[str], ...]:
        required = node["security"] if "security" in node else self._document.get("security")
        return tuple(frozenset(map(str, one)) for one in required or ())

    def _followed(self, node: Any) -> Any:
        return followed(self._document, node)


def _example(document: Mapping[str, Any], node: Mapping[str, Any]) -> list[Any]:
    """Examples beside a schema, as the schema's own keyword has them."""
    if "example" in node:
        return [node["example"]]
    named = node.get("examples")
    if not isinstance(named, Mapping):
        return []
    found = [followed(document, one) for one in named.values()]
    return [one["value"] for one in found if isinstance(one, Mapping) and "value" in one]


def _base_path(document: Mapping[str, Any]) -> str:
    servers = document.get("servers") or [{"url": "/"}]
    first = servers[0]
    defaults = {name: str(value.get("default", "")) for name, value in (first.get("variables") or {}).items()}
    url = re.sub(r"\{([^{}]*)\}", lambda found: defaults.get(found[1], ""), str(first.get("url", "/")))
    path = unquote(urlsplit(url).path).rstrip("/")
    return path if not path or path.startswith("/") else f"/{path}"


def _made_id(method: str, path: str, used: set[str]) -> str:
    words = re.findall(r"[A-Za-z0-9]+", path)
    made = method + "".join(word[:1].upper() + word[1:] for word in words)
    name = made
    number = 2
    while name in used:
        name, number = f"{made}{number}", number + 1
    used.add(name)
    return name


def _security_scheme(name: str, node: Mapping[str, Any]) -> SecurityScheme:
    flow = (node.get("flows") or {}).get("password") or {}
    return SecurityScheme(
        name=name,
        kind=node["type"],
        scheme=str(node.get("scheme") or "").lower(),
        location=str(node.get("in") or ""),
        parameter=str(node.get("name") or "") if node["type"] == "apiKey" else "",
        token_url=str(flow.get("tokenUrl") or ""),
    )
