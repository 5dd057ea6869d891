"""A database borrowed from a server of others: nothing else of that server is in reach."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import valkey
from hypothesis import given
from hypothesis import strategies as st

from tools.errors import ServerUnavailable
from tools.valkey.foreign import SOCKET, borrowed
from tools.valkey.guarding import Commands, Forbidden
from tools.valkey.programs import find_valkey
from tools.valkey.server import valkey_server

_RUN = """
import sys, time
from tools.valkey.server import valkey_server
import valkey
with valkey_server(url=sys.argv[1]) as server, valkey.Valkey.from_url(server.url(server.socket_folder)) as client:
    client.set("left", "behind")
    print("ready", flush=True)
    time.sleep(600)
"""


class Others:
    """A server with a password, four databases, and somebody's data."""

    def __init__(self, folder: Path, settings: str = "requirepass secret") -> None:
        found = find_valkey()
        self.url = f"unix://:secret@{folder}/s"
        command = [str(found.programs.folder / found.server), "-"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        assert self.process.stdin is not None
        self.process.stdin.write(f'port 0\nunixsocket {folder}/s\ndir {folder}\nsave ""\ndatabases 4\n{settings}\n')
        self.process.stdin.close()
        self._wait_until_it_listens(folder / "s")

    def _wait_until_it_listens(self, path: Path) -> None:
        """The socket's file is there before anybody listens at it."""
        for _ in range(6_000):
            with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
                client.connect(str(path))
                return
            assert self.process.poll() is None
            time.sleep(0.01)
        pytest.fail("the server did not listen within a minute")

    def client(self, number: int = 0) -> Any:
        return valkey.Valkey.from_url(f"{self.url}?db={number}")


@pytest.fixture
def others() -> Iterator[Others]:
    with tempfile.TemporaryDirectory() as folder:
        made = Others(Path(folder))
        for number in (0, 1):
            with made.client(number) as client:
                client.set("secret", f"of {number}")
        yield made
        made.process.kill()
        made.process.wait()


def _entered(server: Any) -> Any:
    return valkey.Valkey.from_url(server.url(server.socket_folder))


def test_it_is_empty_and_emptied_again(others: Others) -> None:
    for _ in range(2):
        with valkey_server(url=others.url) as server, _entered(server) as client:
            assert client.keys() == []
            assert client.set("limit", 1, nx=True, ex=60)
            assert client.eval("return redis.call('INCR', KEYS[1])", 1, "limit") == 2
    with others.client() as admin:
        assert admin.keys() == [b"secret"]
        assert admin.execute_command("ACL", "USERS") == [b"default"]
        assert set(admin.info("keyspace")) == {"db0", "db1"}


@pytest.mark.parametrize(
    "command",
    [
        *("SELECT 0", "SELECT 1", "MOVE key 1", "COPY key key DB 1", "SWAPDB 0 2", "FLUSHALL", "CLIENT LIST"),
        *("CONFIG GET *", "ACL LIST", "REPLICAOF 127.0.0.1 1", "MIGRATE 127.0.0.1 80 key 0 1", "SHUTDOWN", "MONITOR"),
        *("PUBLISH news hello", "SUBSCRIBE news", "FUNCTION LIST", "SCRIPT FLUSH", "AUTH default wrong", "SAVE"),
    ],
)
def test_the_rest_of_the_server_is_out_of_reach(others: Others, command: str) -> None:
    with valkey_server(url=others.url) as server, _entered(server) as client:
        client.set("key", "mine")
        refusals = (valkey.ResponseError, valkey.AuthenticationError)
        with pytest.raises(refusals, match="permissions|WRONGPASS|invalid username"):
            client.execute_command(*command.split())
        with pytest.raises(valkey.ResponseError):
            client.eval(f"return redis.call({', '.join(map(repr, command.split()))})", 0)
        assert client.get("secret") is None


@pytest.mark.parametrize(
    "sent",
    [
        b"*1\r\n$5\r\nRESET\r\n",
        b"*1\r\n$5\r\nreset\r\n",
        b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n*1\r\n$5\r\nReset\r\n",
        b"RESET\r\n",
        b'"\\x52ESET"\r\n',
        b"*01\r\n$5\r\nRESET\r\n",
        b"*1\r\n$05\r\nRESET\r\n",
        b"*-1\r\nRESET\r\n",
        b"*1\r\r$5\r\nRESET\r\n",
    ],
)
def test_nobody_goes_back_to_where_others_are(others: Others, sent: bytes) -> None:
    with valkey_server(url=others.url) as server, socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(server.socket_folder / SOCKET))
        connection.sendall(_words("AUTH", server.user, server.password))
        assert connection.recv(100) == b"+OK\r\n"
        for byte in sent + _words("AUTH", server.user, server.password) + _words("GET", "secret"):
            with suppress(OSError):
                connection.sendall(bytes([byte]))
        answers = b""
        with suppress(OSError):
            while data := connection.recv(100):
                answers += data
        assert b"RESET" not in answers
        assert b"of 0" not in answers


@pytest.mark.parametrize("command", ["GET key", "PING", "INFO", "SELECT 0"])
def test_nobody_does_anything_without_the_password(others: Others, command: str) -> None:
    with (
        valkey_server(url=others.url) as server,
        valkey.Valkey(unix_socket_path=str(server.socket_folder / SOCKET)) as nobody,
        pytest.raises(valkey.ResponseError, match="permissions"),
    ):
        nobody.execute_command(*command.split())


@given(pieces=st.lists(st.lists(st.binary(max_size=20), min_size=1, max_size=4), max_size=6), data=st.data())
def test_commands_pass_however_they_are_cut(pieces: list[list[bytes]], data: st.DataObject) -> None:
    words = [command for command in pieces if command[0].upper() != b"RESET"]
    stream = b"".join(_words(*command) for command in words)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=8)) | {0, len(stream)})
    reader = Commands()
    for start, end in pairwise(cuts):
        reader.look(stream[start:end])
    with pytest.raises(Forbidden):
        reader.look(_words("rEsEt"))


def _words(*words: str | bytes) -> bytes:
    parts = [word.encode() if isinstance(word, str) else word for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)


def test_uses_at_once_have_a_database_each_and_the_last_is_told_that_there_is_none(others: Others) -> None:
    with valkey_server(url=others.url) as one, valkey_server(url=others.url) as two:
        with _entered(one) as first, _entered(two) as second:
            first.set("key", "mine")
            assert second.get("key") is None
        with pytest.raises(ServerUnavailable, match="no empty database"), valkey_server(url=others.url):
            pass


def test_what_a_killed_run_left_is_emptied_by_the_next(others: Others) -> None:
    command = [sys.executable, "-c", _RUN, others.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "ready\n"
        run.send_signal(signal.SIGKILL)
    with valkey_server(url=others.url) as server, _entered(server) as client:
        assert server.user == "agent-2"
        assert client.keys() == []


def test_a_server_without_a_password_is_refused(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = Others(Path(folder), "")
        url = made.url.replace(":secret@", "")
        try:
            with pytest.raises(ServerUnavailable, match="without a password.*requirepass"), borrowed(url):
                pass
        finally:
            made.process.kill()
            made.process.wait()
    with pytest.raises(ServerUnavailable, match="AGENT_REDIS_URL cannot be used"), borrowed(f"unix://{tmp_path}/s"):
        pass


def test_an_ordinary_user_is_told_what_it_lacks(others: Others) -> None:
    with others.client() as admin:
        admin.execute_command("ACL", "SETUSER", "plain", "on", ">word", "~*", "+@all", "-acl")
    url = others.url.replace(":secret@", "plain:word@")
    with pytest.raises(ServerUnavailable, match="cannot be used.*permissions.*acl"), borrowed(url):
        pass
