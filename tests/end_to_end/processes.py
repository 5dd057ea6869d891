"""The command line in a process of its own, watched from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BRIEFLY = ("--fuzz", "0", "--mutants", "1", "--load", "1")
"""For runs that are about something else than what long looking finds."""
AGENT = Path(sys.executable).with_name("agent")
_PATIENCE = 240.0
"""Seconds that a run may take on a busy machine."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its one JSON object."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Home:
    """A place of its own for runs; the caches are everybody's."""

    folder: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """What the command line sees."""
        hidden = {"AGENT_POSTGRES_DSN", "ANTHROPIC_API_KEY"}
        kept = {name: value for name, value in os.environ.items() if name not in hidden}
        return {**kept, "AGENT_STATE_DIR": str(self.folder)}

    def start(self, *arguments: str | Path) -> Running:
        """Start a command in a process group of its own."""
        process = subprocess.Popen(
            [AGENT, *arguments],
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=_heed_signals,
        )
        return Running(process)

    def call(self, *arguments: str | Path) -> Answer:
        """Run a command to its end."""
        return self.start(*arguments).wait()

    def events(self, run: str) -> list[dict[str, Any]]:
        """The whole lines of a run's journal; none while there is no journal."""
        with suppress(FileNotFoundError):
            content = (self.folder / "runs" / run / "journal.jsonl").read_text(encoding="utf-8")
            return [json.loads(line) for line in content.split("\n")[:-1]]
        return []


def _heed_signals() -> None:
    """As at a terminal, also where the tests themselves run in the background with these signals ignored."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@dataclass(frozen=True, slots=True)
class Running:
    """A command at work."""

    process: subprocess.Popen[str]

    def wait(self) -> Answer:
        """Its answer, once it has ended."""
        out, err = self.process.communicate(timeout=_PATIENCE)
        return Answer(self.process.returncode, out, err)

    def until(self, home: Home, run: str, kind: str, count: int = 1) -> None:
        """Wait until the journal holds that many events of a kind; the command must still be at work then."""
        deadline = time.monotonic() + _PATIENCE
        while sum(event["kind"] == kind for event in home.events(run)) < count:
            assert self.process.poll() is None, self.wait()
            assert time.monotonic() < deadline, f"{kind} number {count} does not come"
            time.sleep(0.01)

    def family(self) -> tuple[Member, ...]:
        """The process and all that it has started, directly or not."""
        return tuple(_family(self.process.pid))


@dataclass(frozen=True, slots=True)
class Member:
    """A process, told from later ones with the same number by its time of birth."""

    pid: int
    born: str
    command: str

    @property
    def lives(self) -> bool:
        """True while it runs; a zombie does not."""
        status = _status(self.pid)
        return status is not None and status[19] == self.born and status[0] != "Z"


def gone(family: Sequence[Member], seconds: float = 60.0) -> bool:
    """True when all have ended within that time."""
    deadline = time.monotonic() + seconds
    while any(member.lives for member in family):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _family(pid: int) -> Iterator[Member]:
    status = _status(pid)
    if status is None:
        return
    with suppress(OSError):
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        yield Member(pid, status[19], command)
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in children.read_text().split():
                yield from _family(int(child))


def _status(pid: int) -> list[str] | None:
    """The fields of `/proc/PID/stat` after the name: the state first, the time of birth at 19."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
