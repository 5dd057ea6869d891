"""A database on a Valkey or Redis of others, for one use: empty, claimed, and reached by a user that is held to it.

A connection of the one who borrows claims the database: where that connection is gone, so is the claim, and the next
one empties it. New connections begin in database 0, so the user is never let near the server itself: the socket that a
sandbox sees forwards to connections that are in the right database already, that cannot leave it, and that let nobody
do anything before the user's password was given.
"""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.errors import ServerUnavailable
from tools.postgres.forwarding import Streams, forwarding
from tools.valkey.guarding import GuardedWriter

SOCKET = "redis.sock"
"""The name of the socket in its folder."""

_OLDEST = 7
_DATABASES = 64
"""How many are tried for one that is empty."""
_CLAIM = "agent:database:{}"
_RIGHTS = (
    *("reset", "on", "~*", "resetchannels", "+@all", "-@admin", "-@dangerous", "+flushdb", "+keys", "+sort", "+info"),
    *("-select", "-move", "-copy", "-function", "-fcall", "-fcall_ro", "-script|flush", "-script|kill"),
)
"""All of one database's data. Channels and functions are the server's, so they are not allowed."""
_TAKE_OVER = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('SET', KEYS[1], ARGV[2])"


@dataclass(frozen=True, slots=True)
class Borrowed:
    """A database of a server of others."""

    socket_folder: Path
    version_text: str
    """Of the protocol: `7.2.4`."""
    user: str
    password: str = field(repr=False)


@contextmanager
def borrowed(url: str) -> Iterator[Borrowed]:
    """An empty database of the server that `url` names, emptied again at the end.

    Raises `ServerUnavailable` when the server is too old, lets everybody in, has no empty database, or does not let the
    user of `url` make another one. Not held: the time and the memory of the server, which all its users share.
    """
    import valkey

    with ExitStack() as stack:
        try:
            admin: Any = stack.enter_context(valkey.Valkey.from_url(url, single_connection_client=True))
            version = str(admin.info("server")["redis_version"])
            _check(admin, version)
            number = _claim(admin)
            stack.callback(_give_back, admin, number)
            user, password = f"agent-{number}", secrets.token_hex(16)
            admin.execute_command("ACL", "SETUSER", user, *_RIGHTS, f"+select|{number}", f">{password}")
            admin.execute_command("ACL", "SETUSER", f"{user}-nobody", "reset", "on", f">{password}")
        except valkey.ValkeyError as error:
            raise ServerUnavailable(f"AGENT_REDIS_URL cannot be used: {error}") from error
        target = admin.connection_pool.connection_kwargs
        encrypted = issubclass(admin.connection_pool.connection_class, valkey.SSLConnection)

        async def connect() -> Streams:
            reader, writer = await _reached(target, encrypted=encrypted)
            entering = (f"AUTH {user} {password}", f"SELECT {number}", f"AUTH {user}-nobody {password}")
            await _enter(reader, writer, entering)
            return reader, GuardedWriter(writer)

        forward = stack.enter_context(forwarding(connect, name=SOCKET))
        yield Borrowed(forward.folder, version, user, password)


def _check(admin: Any, version: str) -> None:
    """See that the server is new enough, and lets nobody in who has no password."""
    import valkey

    if int(version.split(".")[0]) < _OLDEST:
        raise ServerUnavailable(f"AGENT_REDIS_URL is a Redis {version}; version {_OLDEST} or newer is needed.")
    admin.execute_command("ACL", "DELUSER", "agent-0")  # there is none; whether it is allowed, shows here
    pool = admin.connection_pool
    nobody = {name: value for name, value in pool.connection_kwargs.items() if name not in ("username", "password")}
    with valkey.Valkey(connection_pool=valkey.ConnectionPool(pool.connection_class, **nobody)) as anybody:
        try:
            anybody.ping()
        except valkey.AuthenticationError:
            return
    raise ServerUnavailable(
        "The server of AGENT_REDIS_URL lets everybody in without a password, so code in a sandbox could reach all of "
        "it: set `requirepass`, or switch the user `default` off."
    )


def _claim(admin: Any) -> int:
    """The number of a database that is empty and ours."""
    import valkey

    mine, home = str(admin.client_id()), admin.connection_pool.connection_kwargs.get("db", 0)
    for number in range(1, _DATABASES):
        if number == home:
            continue
        try:
            if _take(admin, number, mine, home):
                return number
        except valkey.ResponseError as error:
            if "out of range" in str(error):
                break
            raise
    raise ServerUnavailable("The server of AGENT_REDIS_URL has no empty database: empty one, or raise `databases`.")


def _take(admin: Any, number: int, mine: str, home: int) -> bool:
    key = _CLAIM.format(number)
    if admin.set(key, mine, nx=True):
        if _asked_in(admin, number, home, "DBSIZE") == 0:
            return True
        admin.delete(key)  # somebody else's data
        return False
    holder = (admin.get(key) or b"").decode()
    if not holder or admin.client_list(client_id=[holder]) or not admin.eval(_TAKE_OVER, 1, key, holder, mine):
        return False
    _empty(admin, number, home)
    return True


def _give_back(admin: Any, number: int) -> None:
    import valkey

    with suppress(valkey.ConnectionError):  # a claim ends with the connection
        _empty(admin, number, admin.connection_pool.connection_kwargs.get("db", 0))
        admin.delete(_CLAIM.format(number))


def _empty(admin: Any, number: int, home: int) -> None:
    admin.execute_command("ACL", "DELUSER", f"agent-{number}", f"agent-{number}-nobody")  # its connections end
    _asked_in(admin, number, home, "FLUSHDB")


def _asked_in(admin: Any, number: int, home: int, command: str) -> Any:
    admin.execute_command("SELECT", number)
    try:
        return admin.execute_command(command)
    finally:
        admin.execute_command("SELECT", home)


async def _reached(target: dict[str, Any], *, encrypted: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if path := target.get("path"):
        return await asyncio.open_unix_connection(path)
    context = ssl.create_default_context() if encrypted else None
    return await asyncio.open_connection(target.get("host", "localhost"), target.get("port", 6379), ssl=context)


async def _enter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, commands: tuple[str, ...]) -> None:
    writer.write("".join(f"{command}\r\n" for command in commands).encode())
    for _ in commands:
        if not (await reader.readline()).startswith(b"+OK"):
            writer.transport.abort()
            raise ConnectionRefusedError("the database is not lent any more")
