"""Leads connections to ports of this machine to unix sockets, and becomes a command.

`python bridge.py SOCKET PORT NAMES GREETING ... -- COMMAND...` listens on 127.0.0.1 and runs the
command in its own place; what leads over ends with it. Where a port is taken another one is chosen,
and the settings NAMES, with commas between them, say which. A GREETING other than `-` is sent to
the socket before anything else, and the line that answers it is kept back. It is for services that
want a host where the database has a socket alone.

It needs nothing beside the standard library.
"""

import ctypes
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

_PIECE = 1 << 16
_END_WITH_PARENT = 1
"""PR_SET_PDEATHSIG."""


class Lead(NamedTuple):
    """One port."""

    listener: socket.socket
    path: str
    greeting: str


def main() -> None:
    """Listen, leave the leading to a process of its own, and become the command."""
    cut = sys.argv.index("--")
    words, command = sys.argv[1:cut], sys.argv[cut + 1 :]
    leads = []
    for path, port, names, greeting in zip(
        words[::4], words[1::4], words[2::4], words[3::4], strict=True
    ):
        listener = _listen(int(port))
        taken = listener.getsockname()[1]
        if taken != int(port):
            os.environ.update({name: str(taken) for name in names.split(",") if name != "-"})
        leads.append(Lead(listener, path, "" if greeting == "-" else greeting))
    parent = os.getpid()
    if os.fork() == 0:
        _lead(leads, parent)
    for lead in leads:
        lead.listener.close()
    os.execvp(command[0], command)


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError:
        return socket.create_server(("127.0.0.1", 0))


def _lead(leads: list[Lead], parent: int) -> None:
    ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)  # whoever reads what the command prints must see its end
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    import asyncio
    import functools

    async def copy(reader: "StreamReader", writer: "StreamWriter") -> None:
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
        writer.write_eof()

    async def connected(lead: Lead, reader: "StreamReader", writer: "StreamWriter") -> None:
        ends = [writer]
        try:
            there = await asyncio.open_unix_connection(lead.path)
            ends.append(there[1])
            if lead.greeting:
                there[1].write(f"{lead.greeting}\r\n".encode())
                await there[0].readline()
            await asyncio.gather(copy(reader, there[1]), copy(there[0], writer))
        except OSError:
            pass  # whoever is left sees that the connection ends
        for end in ends:
            end.close()

    async def serve() -> None:
        servers = [
            await asyncio.start_server(functools.partial(connected, lead), sock=lead.listener)
            for lead in leads
        ]
        await asyncio.gather(*(server.serve_forever() for server in servers))

    asyncio.run(serve())


main()
