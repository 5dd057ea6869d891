"""Following a command in a container: to its end within limits, or as a service until its context ends."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from tools.sandbox.base import Ending, Limits
from tools.sandbox.capturing import Capture
from tools.sandbox.docker_exec import KILLED, Execution
from tools.sandbox.running import Finished, Watch, last_words, watched


async def follow(execution: Execution, limits: Limits, watch: Watch, stdin: bytes | None) -> Finished:
    """Wait until a command ends or passes a limit. In the second case it goes on until its container is removed."""
    began = time.monotonic()
    out, err = _capture(limits), _capture(limits)
    copying = asyncio.create_task(execution.copy(out, err))
    watching = asyncio.create_task(_watched(execution, watch))
    feeding = asyncio.create_task(execution.feed(stdin))
    tasks: tuple[asyncio.Task[Any], ...] = (copying, watching, feeding)
    try:
        done, _ = await asyncio.wait({copying, watching}, timeout=limits.seconds, return_when=asyncio.FIRST_COMPLETED)
        hit = _hit(copying in done and copying.result(), watching.result() if watching in done else None, bool(done))
        exit_code = KILLED if hit else await execution.exit_code()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    left_out = out.left_out + err.left_out
    return Finished(exit_code, out.text(), err.text(), time.monotonic() - began, hit, left_out)


class DockerService:
    """A command that runs until its context ends; see `tools.sandbox.base.Process`."""

    def __init__(self, execution: Execution, pid: int, limits: Limits) -> None:
        self.pid = pid
        """The host's process id of the command's parent in the container."""
        self.exit_code: int | None = None
        """None while it runs."""
        self._execution = execution
        self._limits = limits
        self._capture = _capture(limits)

    @property
    def running(self) -> bool:
        """False once it has exited."""
        return self.exit_code is None

    def log(self) -> str:
        """What it has printed so far, bounded, both streams together."""
        return self._capture.text()

    def ended(self) -> None:
        """Its context has ended, and it with it."""
        self.exit_code = KILLED if self.exit_code is None else self.exit_code

    async def until_it_ends(self, watch: Watch) -> None:
        """Keep its log and its exit code until it ends by itself or passes a limit."""
        copying = asyncio.create_task(self._execution.copy(self._capture, self._capture))
        watching = asyncio.create_task(watched(watch, self.pid))
        try:
            done, _ = await asyncio.wait({copying, watching}, return_when=asyncio.FIRST_COMPLETED)
            if watching in done:
                self._capture.add(last_words(watching.result(), self._limits))
            if watching in done or copying.result():
                await asyncio.to_thread(self._execution.container.remove)
                self.exit_code = KILLED
            else:
                self.exit_code = await self._execution.exit_code()
        finally:
            copying.cancel()
            watching.cancel()
            await asyncio.gather(copying, watching, return_exceptions=True)


def _hit(flooded: bool, beyond: Ending | None, done: bool) -> Ending | None:
    if flooded:
        return "output"
    return beyond if done else "timeout"


async def _watched(execution: Execution, watch: Watch) -> Ending:
    return await watched(watch, await execution.pid())


def _capture(limits: Limits) -> Capture:
    return Capture(limits.output_bytes, limits.flood_bytes)
