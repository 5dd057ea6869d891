"""What lies about on the host for an attempt to reach."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.sandbox.escapes.attempt import SECRET

VARIABLE = "BAIT_TOKEN"
"""In the environment of the runtime, and of a process beside it."""


@dataclass(frozen=True, slots=True)
class Bait:
    """Things of the host, all of them open to everyone."""

    folder: str
    """Holds `secret.txt` with SECRET, and the socket `listening`."""
    port: int
    """Where the host listens on its loopback."""
    abstract: str
    """Name of an abstract unix socket on which the host listens."""
    pid: int
    """A process with SECRET in its environment."""
    segment: int
    """Key of a System V shared memory segment that begins with SECRET."""
    shared: str
    """A file in the host's `/dev/shm`."""

    @property
    def file(self) -> str:
        """The secret file."""
        return f"{self.folder}/secret.txt"

    def as_dict(self) -> dict[str, str | int]:
        """For another process, as JSON."""
        return asdict(self)


@contextmanager
def laid_out() -> Iterator[Bait]:
    """The bait, for as long as the context is open."""
    with ExitStack() as opened:
        folder = Path(tempfile.mkdtemp(prefix="bait-"))
        opened.callback(shutil.rmtree, folder)
        _secret(folder, folder / "secret.txt")
        shared = Path("/dev/shm", folder.name)
        opened.callback(shared.unlink)
        _secret(folder, shared)
        tcp = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
        named, abstract = (opened.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(2))
        named.bind(str(folder / "listening"))
        (folder / "listening").chmod(0o777)
        abstract.bind(f"\0{folder.name}")
        named.listen()
        abstract.listen()
        os.environ[VARIABLE] = SECRET
        opened.callback(os.environ.pop, VARIABLE)
        process = subprocess.Popen(["sleep", "1000"])
        opened.callback(process.wait)
        opened.callback(process.kill)
        key = opened.enter_context(_segment())
        yield Bait(str(folder), tcp.getsockname()[1], folder.name, process.pid, key, str(shared))


def _secret(folder: Path, file: Path) -> None:
    folder.chmod(0o777)
    file.write_text(SECRET)
    file.chmod(0o666)


@contextmanager
def _segment() -> Iterator[int]:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    key = 0x5EC00000 + os.getpid() % 0xFFFFF
    number = libc.shmget(key, 4096, 0o1666)
    assert number >= 0, os.strerror(ctypes.get_errno())
    address = libc.shmat(number, None, 0)
    ctypes.memmove(address, SECRET.encode(), len(SECRET))
    try:
        yield key
    finally:
        libc.shmdt(ctypes.c_void_p(address))
        libc.shmctl(number, 0, None)
