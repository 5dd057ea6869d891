"""What the watcher beside a service has written: stalls, a profile, spans. Nothing in it is trusted."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LARGEST = 8 << 20
_MOST = 500


@dataclass(frozen=True, slots=True)
class Stall:
    """One line that held the main thread."""

    place: str
    """`src/services/books.py:12 BookService.list, in sleep of time.py`."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Span:
    """A span, as far as it is looked at."""

    name: str
    trace: str
    """Hexadecimal, as in `traceparent`."""
    id: str
    parent: str
    server: bool
    attributes: Mapping[str, str]
    """Those of its events too, each with the event's name before it."""

    @property
    def of_database(self) -> bool:
        """It stands for a statement."""
        return any(name.startswith("db.") for name in self.attributes)


@dataclass(frozen=True, slots=True)
class Profile:
    """How often somebody looked, and saw each function running."""

    looks: int
    seen: Mapping[str, int]

    def since(self, before: Profile) -> Profile:
        """What was seen after that."""
        seen = {name: count - before.seen.get(name, 0) for name, count in self.seen.items()}
        return Profile(self.looks - before.looks, {name: count for name, count in seen.items() if count > 0})

    def spots(self, most: int = 12) -> list[str]:
        """The functions that were seen most often, with the share of looks; empty where nobody looked."""
        first = sorted(self.seen.items(), key=lambda item: -item[1])[:most] if self.looks > 0 else []
        return [f"{100 * count / self.looks:.0f} % {name}" for name, count in first]


def stalls_in(folder: Path, skip: int = 0) -> tuple[list[Stall], int]:
    """The stalls after the first `skip` bytes, and how many bytes there are."""
    text = _read(folder / "stalls.jsonl")
    found = (_json(line) for line in text[skip:].decode("utf-8", "replace").splitlines())
    return [
        Stall(str(one["place"]), float(one["seconds"]))
        for one in found
        if isinstance(one, dict) and "place" in one and isinstance(one.get("seconds"), int | float)
    ], len(text)


def profile_in(folder: Path) -> Profile:
    """What the profiler has seen so far; nothing where it wrote nothing that can be read."""
    found = _json(_read(folder / "profile.json").decode("utf-8", "replace"))
    seen = found.get("seen") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(seen, dict) or not isinstance(found.get("looks"), int):
        return Profile(0, {})
    return Profile(found["looks"], {name: count for name, count in seen.items() if isinstance(count, int)})


def spans_in(folder: Path) -> list[Span]:
    """Every span that was exported so far."""
    found: list[Span] = []
    for number in range(1, _MOST + 1):
        body = _read(folder / f"spans-{number}")
        if not body:
            break
        found += _spans(body)
    return found


def _spans(body: bytes) -> Iterator[Span]:
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # ships no types
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    try:
        message = ExportTraceServiceRequest.FromString(body)
    except DecodeError:
        return
    for resource in message.resource_spans:
        for scope in resource.scope_spans:
            for one in scope.spans:
                attributes = {each.key: _text(each.value) for each in one.attributes}
                attributes |= {
                    f"{event.name}: {each.key}": _text(each.value) for event in one.events for each in event.attributes
                }
                yield Span(
                    one.name,
                    one.trace_id.hex(),
                    one.span_id.hex(),
                    one.parent_span_id.hex(),
                    one.kind == one.SPAN_KIND_SERVER,
                    attributes,
                )


def _text(value: Any) -> str:
    """Of texts, numbers and lists of texts."""
    parts = [each.string_value for each in value.array_value.values]
    return "\n".join(parts) if parts else str(value.string_value or value.int_value)


def _read(path: Path) -> bytes:
    """The content of a plain file; empty where there is none, or something else in its place."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    with os.fdopen(descriptor, "rb") as file:
        return file.read(_LARGEST) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
