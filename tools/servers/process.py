"""A server's process: kept for as long as it is needed, and not one moment longer than the runtime."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from tools.servers.enclosure import ENVIRONMENT


@contextmanager
def kept_process(
    command: Sequence[str], log: Path, *, settings: bytes = b"", ending: signal.Signals = signal.SIGKILL
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command of an enclosure for as long as the context is open; `log` gets what it prints.

    `settings` is its standard input. At the end it gets the signal `ending`, and 50 milliseconds for it.
    """
    # The death signal comes when the thread that started the process ends: this one lasts as long as the server.
    with ThreadPoolExecutor(1, "server-keeper") as keeper, log.open("wb") as output:
        process = keeper.submit(_start, command, output.fileno(), settings).result()
        try:
            yield process
        finally:
            _stop(process, ending)


def told(process: subprocess.Popen[bytes], log: Path, refusal: str) -> str:
    """How a server that did not come up ended, and the end of its log."""
    ending = f"exited with {process.returncode}" if process.poll() is not None else refusal
    return f"({ending}). The end of its log:\n{log.read_text(errors='replace').strip()[-2000:]}"


def _start(command: Sequence[str], output: int, settings: bytes) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        command,
        env=ENVIRONMENT,
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # it ended already, and its log says why
        process.stdin.write(settings)
        process.stdin.close()
    return process


def _stop(process: subprocess.Popen[bytes], ending: signal.Signals) -> None:
    # Its data goes too, so it need not say goodbye; a bare postmaster has to end its children itself.
    process.send_signal(ending)
    with suppress(subprocess.TimeoutExpired):
        process.wait(0.05)
    if process.poll() is None:
        process.kill()
    process.wait()
