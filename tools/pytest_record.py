"""Reads the record that a test run left, believing only what is sealed: whoever ran could write anything there."""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from tools.pytest_plugin.runtime_record import HUNG, RECORD, seal

_LONGEST = 64 << 20
"""Bytes of a file that is read; what is longer was not written by the recorder."""
_COVERAGE = "coverage.json"
_TITLE = 200
_FRAMES = 12
"""Lines of the stack, the innermost first."""


class Case(BaseModel):
    """A test, or a file that could not be collected."""

    kind: Literal["case"]
    name: str
    outcome: Literal["passed", "failed", "error", "skipped"]
    message: str


class Request(BaseModel):
    """A request that went through an application."""

    kind: Literal["touch"]
    method: str
    route: str
    status: int
    test: str


class Alone(BaseModel):
    """A test that reached nothing outside it."""

    kind: Literal["alone"]
    test: str
    lines: dict[str, tuple[int, ...]]


class Ran(BaseModel):
    """A test, and what it ran."""

    kind: Literal["ran"]
    test: str
    functions: dict[str, tuple[int, ...]]


class Changed(BaseModel):
    """What the tests made of a change."""

    kind: Literal["mutant"]
    number: int
    outcome: Literal["killed", "survived", "undecided", "broken"]
    ran: int
    tests: tuple[str, ...]


class End(BaseModel):
    """The last line of a run that came to its end."""

    kind: Literal["end"]
    exit_code: int
    coverage: str
    """Digest of the coverage file; empty when nothing was measured."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is vouched for."""

    cases: tuple[Case, ...]
    touches: tuple[Request, ...]
    alone: tuple[Alone, ...]
    ran: tuple[Ran, ...]
    changed: tuple[Changed, ...]
    end: End | None
    """None when the run did not come to its end."""
    forged: str = ""
    """What shows that somebody else wrote into it; empty when nothing does."""


Line = Case | Request | Alone | Ran | Changed | End
"""Whatever a line can say."""

_line: TypeAdapter[Line] = TypeAdapter(Annotated[Line, Field(discriminator="kind")])


def read_record(results: Path, key: bytes) -> Record:
    """The record in the results folder, up to the first line that is not sealed with the key."""
    content = read_file(results / RECORD)
    if content is None:
        return Record((), (), (), (), (), None)
    found: list[Line] = []
    before = forged = ""
    lines = content.decode(errors="replace").split("\n")
    for number, text in enumerate(lines[:-1], 1):  # after the last line end stands what a killed process left
        given, _, line = text.partition(" ")
        before = seal(key, before, line)
        if not hmac.compare_digest(given.encode(), before.encode()):
            forged = f"line {number} of the record of the tests is not the recorder's"
            break
        try:
            found.append(_line.validate_json(line))
        except ValidationError:
            forged = f"line {number} of the record of the tests cannot be read"
            break
    return _record(found, forged)


def _record(found: list[Line], forged: str) -> Record:
    ends = [one for one in found if isinstance(one, End)]
    if ends and (len(ends) > 1 or found[-1] is not ends[0]):
        forged = forged or "the record of the tests goes on after its end"
    return Record(
        cases=tuple(one for one in found if isinstance(one, Case)),
        touches=tuple(one for one in found if isinstance(one, Request)),
        alone=tuple(one for one in found if isinstance(one, Alone)),
        ran=tuple(one for one in found if isinstance(one, Ran)),
        changed=tuple(one for one in found if isinstance(one, Changed)),
        end=None if forged or not ends else ends[0],
        forged=forged,
    )


def read_coverage(results: Path, record: Record) -> bytes | None:
    """The coverage file, when it is the one that the record vouches for."""
    content = read_file(results / _COVERAGE) if record.end and record.end.coverage else None
    if content is None or record.end is None:
        return None
    return content if hashlib.sha256(content).hexdigest() == record.end.coverage else None


def read_hung(results: Path) -> str:
    """What took too long, and where the main thread stood, as the run itself says; empty when it was not ended so."""
    what, *threads = (read_file(results / HUNG) or b"").decode(errors="replace").split("Thread 0x")
    title, _, ended = what.partition("\n")
    if not ended.startswith("Timeout"):
        return ""
    time = ended.partition("(")[2].partition(")")[0]
    frames = threads[-1].splitlines()[1 : 1 + _FRAMES] if threads else []
    return "\n".join((f"{title[:_TITLE]} took more than {time} and was ended in, innermost first:", *frames))


def read_file(path: Path) -> bytes | None:
    """What a file in a folder that others wrote to holds; None when it is no plain file, or longer than 64 MiB.

    The last part of the path is not followed, and nothing is waited for: it may be a link, or a pipe.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        content = file.read(_LONGEST + 1)
    return content if len(content) <= _LONGEST else None
