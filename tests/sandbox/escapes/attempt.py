"""One attempt to get out of the sandbox: what it tries, what stops it, and how both would be seen."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tools.sandbox.base import CommandResult, Ending, Limits, Mounts, Sandbox, SandboxKind

ESCAPED = "ESCAPED"
"""Printed by an attempt that got what it wanted."""
SECRET = "the-hosts-secret"
"""Lies about on the host; an attempt that prints it got out, whatever else it prints."""
PYTHON = "/usr/bin/python3"

StoppedBy = Literal[
    "mounts",
    "processes",
    "network",
    "system call filter",
    "privileges",
    "environment",
    "descriptors",
    "terminal",
    "limits",
    "read-only",
    "watchdog",
    "names",
    "bounded output",
]
"""The part of the design that stops it; a closed set."""

_PRELUDE = """
import ctypes, errno, os, signal, socket, struct, sys, time
libc = ctypes.CDLL(None, use_errno=True)

def call(number, *arguments):
    answer = libc.syscall(ctypes.c_long(number), *arguments)
    if answer < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return answer

def write(path, text):
    descriptor = os.open(path, os.O_WRONLY)
    os.write(descriptor, text)

def attempt():
{body}
    print("ESCAPED", flush=True)

try:
    attempt()
except (OSError, ValueError) as error:
    number = getattr(error, "errno", None)
    print("stopped:", errno.errorcode.get(number, error), flush=True)
    sys.exit(1)
"""


@dataclass(frozen=True, slots=True)
class Reason:
    """How it shows that the design stopped an attempt, and not something else."""

    said: str = ""
    """A regular expression that is found in the output of one that ended by itself; empty: it may not have."""
    endings: tuple[Ending, ...] = ()
    """Limits and signals by which it may have been ended."""

    def given_by(self, result: CommandResult) -> bool:
        """True when the result shows this reason."""
        if result.ending in self.endings:
            return True
        return bool(self.said) and result.ending == "exited" and re.search(self.said, result.output) is not None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A command that tries one thing."""

    name: str
    """What it tries."""
    command: tuple[str, ...]
    by: StoppedBy
    reason: Reason
    elsewhere: Mapping[SandboxKind, Reason] = field(default_factory=dict)
    """Kinds of sandbox that stop it for another reason."""
    limits: Limits = field(default_factory=lambda: Limits(seconds=20))
    mounts: Mounts = field(default_factory=Mounts)
    control: str = ""
    """A regular expression for what is printed without a sandbox; empty where trying that would do harm."""
    harmed: Callable[[], bool] = lambda: False
    """Looks at the host: True when the attempt changed something there."""

    def problem(self, result: CommandResult, kind: SandboxKind) -> str:
        """Why the attempt was not stopped as the design says; empty when it was."""
        if ESCAPED in result.output or SECRET in result.output:
            return f"it got through: {result}"
        if self.harmed():
            return f"the host was changed: {result}"
        reason = self.elsewhere.get(kind, self.reason)
        return "" if reason.given_by(result) else f"not stopped by {self.by} ({reason}): {result}"


async def carry_out(sandbox: Sandbox, attempt: Attempt) -> CommandResult:
    """Carry an attempt out, in a worktree without what earlier ones left."""
    if any(path.name != ".git" for path in sandbox.worktree.iterdir()):
        each = "find . -mindepth 1 -maxdepth 1 -not -name .git -exec"
        await sandbox.run(shell(f"{each} chmod -Rf u+rwx {{}} +; {each} rm -rf {{}} +"))
    return await sandbox.run(attempt.command, limits=attempt.limits, mounts=attempt.mounts)


def python(body: str) -> tuple[str, ...]:
    """A program for the system's Python that prints ESCAPED at its end, or by which error it was stopped.

    `call(number, *arguments)` is there for system calls, `write(path, text)` for files that answer when written to.
    """
    return (PYTHON, "-I", "-c", _PRELUDE.format(body=textwrap.indent(textwrap.dedent(body).strip(), "    ")))


def shell(text: str) -> tuple[str, ...]:
    """A command line for the shell."""
    return ("/bin/bash", "-c", text)


def error(*names: str) -> Reason:
    """Stopped by one of these errors: `ENOENT`."""
    return Reason(rf"stopped: ({'|'.join(names)})\b")


def says(pattern: str) -> Reason:
    """The output shows it."""
    return Reason(pattern)


def ended(*endings: Ending, said: str = "") -> Reason:
    """Ended by one of these limits, or it saw by itself that it can have no more, and said so."""
    return Reason(said, endings)
