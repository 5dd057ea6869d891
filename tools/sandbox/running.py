"""Driving one process within limits; what kind of sandbox it is in does not matter here."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.sandbox.base import CommandResult, Ending, Limits
from tools.sandbox.capturing import Capture, drain
from tools.sandbox.endings import ending_of, limit_in_words

WATCH_SECONDS = 0.5
_LAST_WORDS_SECONDS = 1.0
"""How long output may still arrive after the process is gone."""

Watch = Callable[[int], Ending | None]
"""Given the process id, the limit that its tree is beyond; called twice a second in a thread."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How a process is started, ended and watched."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    watch: Watch
    kill: Callable[[int], None]
    """Ends the whole tree of the process id; called also when it has ended by itself."""
    descriptors: tuple[int, ...] = ()
    """Inherited by the process; not closed here."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What came of a process."""

    exit_code: int
    """Negative: ended by that signal."""
    stdout: str
    stderr: str
    seconds: float
    hit: Ending | None
    """The limit for which it was ended; None when it ended by itself."""
    left_out: int = 0
    """Bytes of output that were not kept."""

    def result(self, command: Sequence[str], limits: Limits, *, counted: Ending | None = None) -> CommandResult:
        """What the caller of the sandbox gets. `counted`: the limit of a control group that was hit."""
        ending = self.hit or ending_of(self.exit_code, counted)
        limit = limit_in_words(ending, limits, self.exit_code, self.stderr or self.stdout)
        seconds = round(self.seconds, 3)
        return CommandResult(
            tuple(command), self.exit_code, self.stdout, self.stderr, seconds, ending, limit, self.left_out
        )


async def run_process(launch: Launch, limits: Limits, stdin: bytes | None) -> Finished:
    """Run a process until it ends or passes a limit; in any case its tree is gone when this returns or raises.

    Bubblewrap dies with the thread that started it: the event loop must run in a thread that outlives the command.
    """
    began = time.monotonic()
    process = await _started(launch, stdin=stdin is not None, stderr=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    out, err = Capture(limits.output_bytes, limits.flood_bytes), Capture(limits.output_bytes, limits.flood_bytes)
    drains = [asyncio.create_task(drain(process.stdout, out)), asyncio.create_task(drain(process.stderr, err))]
    watching = asyncio.create_task(watched(launch.watch, process.pid))
    feeding = asyncio.create_task(_feed(process.stdin, stdin or b""))
    try:
        hit = await _first_limit(process, drains, watching, limits.seconds)
    finally:
        launch.kill(process.pid)
        for task in (watching, feeding):
            task.cancel()
        await _gone(process)
        await asyncio.wait(drains, timeout=_LAST_WORDS_SECONDS)
        await _abandon(process, [*drains, watching, feeding])
    exit_code = process.returncode if process.returncode is not None else -signal.SIGKILL
    left_out = out.left_out + err.left_out
    return Finished(exit_code, out.text(), err.text(), time.monotonic() - began, hit, left_out)


class Service:
    """A process that runs until its context ends; see `tools.sandbox.base.Process`."""

    def __init__(self, process: asyncio.subprocess.Process, capture: Capture) -> None:
        self._process = process
        self._capture = capture

    @property
    def running(self) -> bool:
        """False once it has exited."""
        return self._process.returncode is None

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.returncode

    @property
    def pid(self) -> int:
        """The host's process id of the outermost process."""
        return self._process.pid

    def log(self) -> str:
        """What it has printed so far, bounded, both streams together."""
        return self._capture.text()


@contextlib.asynccontextmanager
async def running_service(launch: Launch, limits: Limits) -> AsyncIterator[Service]:
    """A process for as long as the context is open; ended early when it passes a limit, which its log then says."""
    process = await _started(launch, stdin=False, stderr=asyncio.subprocess.STDOUT)
    capture = Capture(limits.output_bytes, limits.flood_bytes)
    tasks = [
        asyncio.create_task(_ended_at_flood(launch, process, limits, capture)),
        asyncio.create_task(_ended_at_limit(launch, process, limits, capture)),
    ]
    try:
        yield Service(process, capture)
    finally:
        launch.kill(process.pid)
        await _gone(process)
        await _abandon(process, tasks)


def kill_group(pid: int) -> None:
    """Kill the process group that a process leads."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


async def _started(launch: Launch, *, stdin: bool, stderr: int) -> asyncio.subprocess.Process:
    starting = asyncio.ensure_future(_create(launch, stdin=stdin, stderr=stderr))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        # Cancelled half-way, asyncio waits for everyone who holds the pipes, and nobody ends the process's children.
        process = await starting
        launch.kill(process.pid)
        await _gone(process)
        await _abandon(process, [])
        raise


async def _create(launch: Launch, *, stdin: bool, stderr: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *launch.argv,
        stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=stderr,
        env=dict(launch.environment),
        cwd=launch.folder,
        pass_fds=launch.descriptors,
        start_new_session=True,
    )


async def _first_limit(
    process: asyncio.subprocess.Process,
    drains: Sequence[asyncio.Task[bool]],
    watching: asyncio.Task[Ending],
    seconds: float,
) -> Ending | None:
    ended = asyncio.create_task(_exited(process))
    waiting: set[asyncio.Task[Any]] = {ended, watching, *drains}
    deadline = time.monotonic() + seconds
    try:
        while not ended.done():
            left = max(0.0, deadline - time.monotonic())
            done, waiting = await asyncio.wait(waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if ended in done:
                return None
            if watching in done:
                return watching.result()
            if any(task in done and task.result() for task in drains):
                return "output"
            if not done:
                return "timeout"
        return None
    finally:
        ended.cancel()


async def _ended_at_flood(
    launch: Launch, process: asyncio.subprocess.Process, limits: Limits, capture: Capture
) -> None:
    assert process.stdout is not None
    if await drain(process.stdout, capture):
        # Nobody reads on: it would only hang.
        capture.add(last_words("output", limits))
        launch.kill(process.pid)


def last_words(hit: Ending, limits: Limits) -> bytes:
    """The line with which the log of a service ends that passed a limit."""
    return f"\n{limit_in_words(hit, limits, -signal.SIGKILL, '')}\n".encode()


async def watched(watch: Watch, pid: int) -> Ending:
    """Wait until the process tree is beyond a limit; which one."""
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        hit = await asyncio.to_thread(watch, pid)
        if hit is not None:
            return hit


async def _ended_at_limit(
    launch: Launch, process: asyncio.subprocess.Process, limits: Limits, capture: Capture
) -> None:
    hit = await watched(launch.watch, process.pid)
    capture.add(last_words(hit, limits))
    launch.kill(process.pid)


async def _feed(stream: asyncio.StreamWriter | None, data: bytes) -> None:
    if stream is None:
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        stream.write(data)
        await stream.drain()
    stream.close()


async def _exited(process: asyncio.subprocess.Process) -> None:
    """Wait for the process alone: `Process.wait` also waits for everyone who holds its pipes open."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    exited = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, exited.set)
    try:
        await exited.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


async def _gone(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LAST_WORDS_SECONDS):
            await process.wait()


async def _abandon(process: asyncio.subprocess.Process, tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    process._transport.close()  # type: ignore[attr-defined]
