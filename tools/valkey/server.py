"""A Valkey for one use: empty, private, on a unix socket alone, gone with the context or with the runtime.

Each use gets a process of its own in place of a share in a common one: a script that never ends, `FLUSHALL`, or a full
memory then harm nobody else, and keys need no prefix that a service under test does not know of.
"""

from __future__ import annotations

import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from tools.errors import ServerUnavailable
from tools.servers.enclosure import Enclosure, enclose
from tools.servers.folders import private_and_socket, run_folder
from tools.servers.process import kept_process, told
from tools.valkey.foreign import SOCKET, borrowed
from tools.valkey.programs import Installed, find_valkey

_MEMORY = 64 << 20
_ROOM = 16 << 20
_PATIENCE = 20.0
"""Seconds within which a server has to answer."""

_RIGHTS = "~* &* +@all -@admin -@dangerous +flushdb +flushall +keys +info +sort +sort_ro +role +client|list"
"""All of its data, and nothing of the server: no configuration, no files, no modules, no way to another server."""

_SETTINGS = """port 0
unixsocket {folder}/{name}
unixsocketperm 777
dir {private}
save ""
appendonly no
databases 16
maxmemory {memory}
maxmemory-policy noeviction
user default on >{password} {rights}
"""


@dataclass(frozen=True, slots=True)
class ValkeyServer:
    """A running server. Whoever reaches its socket and knows its password may use all of it."""

    socket_folder: Path
    """Holds the socket; the one thing of the server that a sandbox sees."""
    version_text: str
    """Of the program: `9.1.2`. All speak the protocol of Redis 7."""
    password: str = field(repr=False)
    user: str = "default"

    def url(self, host_folder: str | Path) -> str:
        """The address as seen by a process that has the socket's folder at `host_folder`.

        `unix://default:PASSWORD@/run/redis/redis.sock`, as the clients redis-py and valkey-py read it.
        """
        return f"unix://{self.user}:{self.password}@{quote(str(host_folder), safe='/')}/{SOCKET}"


@contextmanager
def valkey_server(
    *, url: str | None = None, installed: Installed | None = None, memory: int = _MEMORY, bubblewrap: bool = True
) -> Iterator[ValkeyServer]:
    """An empty server for as long as the context is open: `installed`, else what is found on this machine.

    It holds `memory` bytes of data, and refuses more. With `url` it is an empty database of that server, which is not
    limited. Raises `ServerUnavailable`, with the end of the server's log, when it does not start or may not be used.
    """
    if url:
        with borrowed(url) as lent:
            yield ValkeyServer(lent.socket_folder, lent.version_text, lent.password, lent.user)
        return
    chosen = installed or find_valkey()
    with run_folder(_ROOM) as folder:
        private, listening = private_and_socket(folder)
        enclosure = enclose(chosen.programs, chosen.server, private, listening, bubblewrap=bubblewrap)
        server = ValkeyServer(listening, chosen.programs.version_text, secrets.token_hex(16))
        log = folder / "log"
        # By standard input: a command line can be read by every user of the machine.
        settings = _settings(enclosure, server, memory).encode()
        with kept_process(enclosure.command(chosen.server, "-"), log, settings=settings) as process:
            _wait_until_ready(process, server, log)
            yield server


def _settings(enclosure: Enclosure, server: ValkeyServer, memory: int) -> str:
    return _SETTINGS.format(
        folder=enclosure.socket,
        name=SOCKET,
        private=enclosure.private,
        memory=memory,
        password=server.password,
        rights=_RIGHTS,
    )


def _wait_until_ready(process: subprocess.Popen[bytes], server: ValkeyServer, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        if _answers(server):
            return
        time.sleep(0.002)
    raise ServerUnavailable(f"Valkey did not start {told(process, log, 'it did not answer')}")


def _answers(server: ValkeyServer) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1.0)
        try:
            connection.connect(str(server.socket_folder / SOCKET))
            connection.sendall(f"AUTH {server.password}\r\n".encode())
            return connection.recv(64).startswith(b"+OK")
        except OSError:
            return False
