"""One request for one operation, as bytes to send and as a line to paste."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from agent.checklist.running import ORIGIN
from agent.contract.model import Operation, Schema

_CURL_BODY = 600


class _Absent:
    def __repr__(self) -> str:
        return "absent"


ABSENT: Any = _Absent()
"""No body at all; `None` is the JSON value null."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent to an operation."""

    operation: Operation
    base_path: str
    path_values: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = ABSENT
    """What the body carries: without the property around it that the contract may want."""
    media_type: str = ""
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Headers that say who is calling; shown only by name. `?name` is a query parameter."""
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    """Values that no receipt may show."""

    @property
    def method(self) -> str:
        """`GET`."""
        return self.operation.method.upper()

    @property
    def whole_body(self) -> Any:
        """The body as sent; what is no object stands for itself, whatever the contract wants around one."""
        whole = self.operation.body
        return whole.whole(self.body) if whole and isinstance(self.body, Mapping) else self.body

    @property
    def target(self) -> str:
        """Path and query as receipts show them."""
        return self._hidden(self.sent_target)

    @property
    def sent_target(self) -> str:
        """Path and query as sent."""
        path = self.base_path + self.operation.path
        for name, value in self.path_values.items():
            path = path.replace("{" + name + "}", quote(plain(value), safe=""))
        query = {**self.query, **self.credential_query}
        return f"{path}?{urlencode(_pairs(query))}" if query else path

    def encoded(self) -> tuple[dict[str, str], bytes | None]:
        """Headers and body as sent."""
        headers = {**self.headers, **self.credential_headers}
        if self.body is ABSENT:
            return headers, None
        kind, content = encode(self.whole_body, self.media_type)
        return {**headers, "Content-Type": kind}, content

    def without_credentials(self) -> Request:
        """The same from nobody."""
        return replace(self, credentials={})

    def curl(self) -> str:
        """A line to paste; `$SOCKET` is the service's socket, secrets are replaced by names."""
        parts = ["curl", "-i", "--unix-socket", '"$SOCKET"']
        if self.method != "GET":
            parts += ["-X", self.method]
        for name in self.credential_headers:
            parts += ["-H", f'"{name}: $CREDENTIALS"']
        for name, value in self.headers.items():
            parts += ["-H", shlex.quote(f"{name}: {value}")]
        if self.body is not ABSENT:
            kind, content = encode(self.whole_body, self.media_type)
            shown = content.decode("utf-8", "replace")
            shown = shown if len(shown) <= _CURL_BODY else shown[:_CURL_BODY] + "…"
            parts += ["-H", shlex.quote(f"Content-Type: {kind}"), "--data-binary", shlex.quote(shown)]
        parts.append(shlex.quote(ORIGIN + self.target))
        return self._hidden(" ".join(parts))

    @property
    def credential_headers(self) -> dict[str, str]:
        """The credentials that are sent as headers."""
        return {name: value for name, value in self.credentials.items() if not name.startswith("?")}

    @property
    def credential_query(self) -> dict[str, str]:
        """The credentials that are sent in the query."""
        return {name[1:]: value for name, value in self.credentials.items() if name.startswith("?")}

    def _hidden(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, "$SECRET")
        return text


def choose_media_type(content: Iterable[str]) -> str:
    """The media type to send a body in: JSON where the contract allows it, else a form, else the first."""
    offered = list(content)
    for wanted in ("json", "x-www-form-urlencoded", "multipart/form-data"):
        for media in offered:
            if wanted in media:
                return media
    if "*/*" in offered:
        return "application/json"
    return next(iter(offered), "application/json")


def body_schema(operation: Operation) -> tuple[str, Schema] | None:
    """The media type to use and its schema; None when the operation takes no body."""
    if operation.body is None or not operation.body.content:
        return None
    media = choose_media_type(operation.body.content)
    return media, operation.body.content.get(media) or operation.body.content.get("*/*") or {}


def encode(body: Any, media_type: str) -> tuple[str, bytes]:
    """Content type and bytes of a body."""
    if "json" in media_type or media_type in ("", "*/*"):
        return media_type.replace("*/*", "") or "application/json", json.dumps(body, ensure_ascii=False).encode()
    if "x-www-form-urlencoded" in media_type:
        return media_type, urlencode(_pairs(body)).encode()
    if "multipart/form-data" in media_type:
        return _multipart(body)
    return media_type, body if isinstance(body, bytes) else plain(body).encode()


def plain(value: Any) -> str:
    """A value as it stands in a path or a query."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case list() | tuple():
            return ",".join(plain(one) for one in value)
        case None:
            return ""
        case dict():
            return json.dumps(value)
        case _:
            return str(value)


def _pairs(values: Any) -> list[tuple[str, str]]:
    if not isinstance(values, Mapping):
        return []
    return [
        (name, plain(one))
        for name, value in values.items()
        if value is not None
        for one in (value if isinstance(value, list) else [value])
    ]


def _multipart(body: Any) -> tuple[str, bytes]:
    parts = body if isinstance(body, Mapping) else {}
    files = [
        (name, (f"{name}.bin", value, "application/octet-stream") if isinstance(value, bytes) else (None, plain(value)))
        for name, value in parts.items()
    ]
    request = httpx.Request("POST", ORIGIN, files=files or [("empty", (None, ""))])
    return request.headers["Content-Type"], request.read()
