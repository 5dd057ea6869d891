"""Runs inside the sandbox, on its own: leads a port of the loopback to a unix socket, and runs a command meanwhile.

python relay.py SOCKET PORT COMMAND ...
"""

from __future__ import annotations

import asyncio
import sys


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass  # the other end is gone, as happens with servers
    finally:
        writer.close()


async def _lead(socket: str, near_reader: asyncio.StreamReader, near_writer: asyncio.StreamWriter) -> None:
    far_reader, far_writer = await asyncio.open_unix_connection(socket)
    await asyncio.gather(_pump(near_reader, far_writer), _pump(far_reader, near_writer))


async def main(socket: str, port: str, *command: str) -> int:
    """The exit code of the command."""
    server = await asyncio.start_server(lambda *streams: _lead(socket, *streams), "127.0.0.1", int(port))
    async with server:
        process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL)
        return await process.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
