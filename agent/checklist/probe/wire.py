"""Requests as bytes, for probes that hold many connections: nothing in them tells the judge from a usual caller."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from agent.checklist.probe.requests import Request
from agent.checklist.running import CALLERS, HOST


def on_the_wire(request: Request, headers: Mapping[str, str] | None = None, content: bytes = b"") -> bytes:
    """The request by HTTP/1.1, with these headers in place of its own."""
    sent = request.encoded()[0] if headers is None else headers
    return plain(request.method, request.sent_target, sent, content)


def plain(method: str, target: str, headers: Mapping[str, str], content: bytes = b"") -> bytes:
    """A request for any target, from one of the usual callers."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {HOST}", "Accept: */*", f"User-Agent: {secrets.choice(CALLERS)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if content:
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + content
