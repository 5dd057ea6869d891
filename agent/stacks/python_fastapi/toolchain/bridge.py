"""Leads connections to a port of this machine to a unix socket, and becomes a command.

`python bridge.py SOCKET PORT NAMES -- COMMAND...` listens on 127.0.0.1 and runs the command in its
own place; what leads over ends with it. Where the port is taken another one is chosen, and the
settings NAMES, with commas between them, say which. It is for services that want a host where the
database has a socket alone.

It needs nothing beside the standard library.
"""

import ctypes
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

_PIECE = 1 << 16
_END_WITH_PARENT = 1
"""PR_SET_PDEATHSIG."""


def main() -> None:
    """Listen, leave the leading to a process of its own, and become the command."""
    path, port, names = sys.argv[1:4]
    command = sys.argv[sys.argv.index("--") + 1 :]
    listener = _listen(int(port))
    taken = listener.getsockname()[1]
    if taken != int(port):
        os.environ.update({name: str(taken) for name in names.split(",") if name})
    parent = os.getpid()
    if os.fork() == 0:
        _lead(listener, path, parent)
    listener.close()
    os.execvp(command[0], command)


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError:
        return socket.create_server(("127.0.0.1", 0))


def _lead(listener: socket.socket, path: str, parent: int) -> None:
    ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)  # whoever reads what the command prints must see its end
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    import asyncio

    async def copy(reader: "StreamReader", writer: "StreamWriter") -> None:
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
        writer.write_eof()

    async def connected(reader: "StreamReader", writer: "StreamWriter") -> None:
        ends = [writer]
        try:
            there = await asyncio.open_unix_connection(path)
            ends.append(there[1])
            await asyncio.gather(copy(reader, there[1]), copy(there[0], writer))
        except OSError:
            pass  # whoever is left sees that the connection ends
        for end in ends:
            end.close()

    async def serve() -> None:
        server = await asyncio.start_server(connected, sock=listener)
        await server.serve_forever()

    asyncio.run(serve())


main()
