"""One server for all runs of a user: joined, kept, stopped when idle, and never anybody else's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from agent.places import cache_folder
from tests.tools.postgres.processes import descendants, wait_until_dead
from tools.errors import ServerUnavailable
from tools.postgres.binaries import find_binaries
from tools.postgres.server import postgres_server
from tools.postgres.sharing import ADDRESS, LEASES, LOG, Shared, answers, read_address, shared, state_folder
from tools.servers.programs import Programs

_RUN = """
import sys, time
from pathlib import Path
from tools.postgres.server import postgres_server
with postgres_server(cache=Path(sys.argv[1])) as server:
    with server.administer() as admin:
        number = admin.execute("SELECT pg_postmaster_start_time()::text").fetchone()
    made = server.create_database()
    with server.connect(made) as connection:
        connection.execute("CREATE TABLE mine AS SELECT generate_series(1, 500) AS number")
    for _ in range(int(sys.argv[2])):
        with server.database(made) as copy, server.connect(copy) as connection:
            connection.execute("DELETE FROM mine WHERE number > 100")
            assert connection.execute("SELECT count(*) FROM mine").fetchone() == (100,)
    print(made.name, number[0], flush=True)
    sys.stdin.read()
"""


def test_a_server_whose_programs_were_replaced_is_not_shared(tmp_path: Path) -> None:
    programs = Programs(tmp_path / "bin", "18.6")
    programs.folder.mkdir()
    before = state_folder(programs, tmp_path)
    assert state_folder(programs, tmp_path) == before
    programs.folder.rename(tmp_path / "removed")
    programs.folder.mkdir()
    assert state_folder(programs, tmp_path) != before


class Machine:
    """A user's cache in which servers are shared, and everything that was started in it."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.cache.mkdir()
        (cache_folder() / "postgres").mkdir(exist_ok=True)
        (cache / "postgres").symlink_to(cache_folder() / "postgres")  # a ready data folder saves the time of initdb
        self.runs: list[subprocess.Popen[str]] = []

    @property
    def folder(self) -> Path:
        return state_folder(find_binaries(), self.cache)

    @property
    def address(self) -> Shared:
        found = read_address(self.folder)
        assert found is not None
        return found

    def run(self, copies: int = 0) -> subprocess.Popen[str]:
        """A run in a process of its own; it waits until its standard input ends."""
        command = [sys.executable, "-c", _RUN, str(self.cache), str(copies)]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.runs.append(process)
        return process

    def wait_until(self, what: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not what():
            assert time.monotonic() < deadline, (self.folder / LOG).read_text()
            time.sleep(0.05)


@contextmanager
def _idle_after(seconds: float) -> Iterator[None]:
    before = os.environ.get("AGENT_SERVER_IDLE_SECONDS")
    os.environ["AGENT_SERVER_IDLE_SECONDS"] = str(seconds)
    yield
    os.environ.pop("AGENT_SERVER_IDLE_SECONDS")
    if before is not None:
        os.environ["AGENT_SERVER_IDLE_SECONDS"] = before


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """Servers are kept for a second."""
    made = Machine(tmp_path / "cache")
    with _idle_after(1):
        yield made
    for run in made.runs:
        run.kill()
        run.communicate()
    found = read_address(made.folder)
    if found is not None:
        made.wait_until(lambda: not _lives(found.keeper))


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _said(run: subprocess.Popen[str]) -> tuple[str, str]:
    assert run.stdout is not None
    name, _, started = run.stdout.readline().strip().partition(" ")
    assert started, run.stderr.read() if run.stderr else ""
    return name, started


def _databases(address: Shared) -> set[str]:
    with psycopg.connect(
        host=address.socket, port=5432, user="postgres", password=address.password, dbname="postgres"
    ) as admin:
        query = "SELECT datname FROM pg_database WHERE datname LIKE 'agent%'"
        return {str(row[0]) for row in admin.execute(query).fetchall()}


class TestTogether:
    def test_ten_runs_at_once_share_one_server_without_an_error(self, machine: Machine) -> None:
        runs = [machine.run(copies=4) for _ in range(10)]
        said = [_said(run) for run in runs]
        assert len({name for name, _ in said}) == 10, "a database each"
        assert len({started for _, started in said}) == 1, "on one server"
        assert _databases(machine.address) == {name for name, _ in said}
        for run in runs:
            _, complaints = run.communicate("")
            assert (run.returncode, complaints) == (0, "")
        assert _databases(machine.address) == set()

    def test_threads_of_one_process_join_it_too(self, machine: Machine) -> None:
        with ExitStack() as stack, ThreadPoolExecutor(4) as pool:
            servers = list(pool.map(lambda _: stack.enter_context(postgres_server(cache=machine.cache)), range(4)))
            assert len({server.socket_folder for server in servers}) == 1

    def test_databases_of_a_killed_run_are_dropped_by_the_next(self, machine: Machine) -> None:
        killed, living = machine.run(), machine.run()
        (left, _), (kept, _) = _said(killed), _said(living)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        machine.wait_until(lambda: _sweeps(machine) and _databases(machine.address) == {kept})
        assert left != kept


def _called(name: str, pids: set[int]) -> list[int]:
    return [pid for pid in pids if name.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()]


def _sweeps(machine: Machine) -> bool:
    with postgres_server(cache=machine.cache):
        return True


class TestTheEnd:
    def test_it_stops_when_nobody_has_needed_it_for_a_while(self, machine: Machine) -> None:
        with _idle_after(2), shared(find_binaries(), machine.cache) as address:
            folder = Path(address.socket).parent
            time.sleep(3.5)
            assert answers(address), "needed, however long that takes"
        assert answers(address), "it waits for the next"
        machine.wait_until(lambda: not _lives(address.keeper))
        assert not folder.exists()
        assert not (machine.folder / ADDRESS).exists()
        with shared(find_binaries(), machine.cache) as another:
            assert another.keeper != address.keeper

    def test_it_stops_also_when_every_run_was_killed(self, machine: Machine) -> None:
        runs = [machine.run(), machine.run()]
        for run in runs:
            _said(run)
        address = machine.address
        for run in runs:
            run.send_signal(signal.SIGKILL)
        machine.wait_until(lambda: not _lives(address.keeper))
        assert not Path(address.socket).parent.exists()

    def test_runs_that_come_just_when_it_stops_get_one_that_works(self, machine: Machine) -> None:
        with _idle_after(0):
            for _ in range(6):
                with shared(find_binaries(), machine.cache) as address:
                    assert answers(address)
                time.sleep(0.45)

    def test_it_stops_when_the_cache_is_removed(self, machine: Machine) -> None:
        with shared(find_binaries(), machine.cache, 300) as address:
            folder = machine.folder
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()
        machine.wait_until(lambda: not _lives(address.keeper))


class TestCrashes:
    def test_a_killed_keeper_takes_the_server_along_and_the_next_run_gets_another(self, machine: Machine) -> None:
        with shared(find_binaries(), machine.cache) as address:
            os.kill(address.keeper, signal.SIGKILL)
            machine.wait_until(lambda: not answers(address))
            with shared(find_binaries(), machine.cache) as another:
                assert answers(another)
                assert not Path(address.socket).parent.exists(), "swept"
                assert another.keeper != address.keeper

    def test_a_server_that_is_gone_is_noticed_and_replaced(self, machine: Machine) -> None:
        with shared(find_binaries(), machine.cache) as address:
            for child in Path(f"/proc/{address.keeper}/task").glob("*/children"):
                for pid in child.read_text().split():
                    os.kill(int(pid), signal.SIGKILL)
            with shared(find_binaries(), machine.cache) as another:
                assert answers(another)
                assert another.socket != address.socket

    def test_a_run_outlives_the_crash_of_one_of_the_server_s_processes(self, machine: Machine) -> None:
        with postgres_server(cache=machine.cache) as server:
            kept = server.create_database()
            with server.connect(kept) as connection:
                connection.execute(
                    "SET synchronous_commit = on"
                )  # by default, the last moments before a crash are lost
                connection.execute("CREATE TABLE books (title text)")
            (victim,) = _called("postgres: checkpointer", descendants(machine.address.keeper))
            os.kill(victim, signal.SIGKILL)
            wait_until_dead({victim})
            with server.database(kept) as copy, server.connect(copy) as connection:
                assert connection.execute("SELECT count(*) FROM books").fetchone() == (0,)
            assert _sweeps(machine)
            assert kept.name in _databases(machine.address), "still claimed"

    def test_an_address_of_a_server_that_is_long_gone_is_not_believed(self, machine: Machine) -> None:
        stale = {"socket": str(machine.cache), "password": "old", "keeper": os.getpid()}
        (machine.folder / ADDRESS).write_text(json.dumps(stale))
        with shared(find_binaries(), machine.cache) as address:
            assert answers(address)
            assert address.keeper != os.getpid()
        assert _lives(os.getpid())

    def test_a_start_that_fails_says_why(self, machine: Machine) -> None:
        programs = find_binaries()
        broken = machine.cache / "postgres"
        broken.unlink()
        (broken / f"{programs.version_text}-{os.geteuid()}" / "data").mkdir(parents=True)
        (broken / f"{programs.version_text}-{os.geteuid()}" / "password").touch()
        told = pytest.raises(ServerUnavailable, match=r"did not start(?s:.*)server configuration file")
        with told, shared(programs, machine.cache):
            pass
        assert read_address(machine.folder) is None


class TestNobodyElse:
    def test_its_folder_is_the_user_s_alone(self, machine: Machine) -> None:
        with shared(find_binaries(), machine.cache):
            for path in (machine.cache / "servers", machine.folder, *machine.folder.iterdir()):
                assert path.stat().st_mode & 0o077 == 0, path

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
    def test_a_folder_of_somebody_else_is_refused(self, machine: Machine) -> None:
        (machine.cache / "servers").mkdir(mode=0o700)
        os.chown(machine.cache / "servers", 65534, 65534)
        with (
            pytest.raises(ServerUnavailable, match="belongs to somebody else.*AGENT_CACHE_DIR"),
            shared(find_binaries(), machine.cache),
        ):
            pass
        os.chown(machine.cache / "servers", 0, 0)

    def test_a_link_in_place_of_its_files_is_not_followed(self, machine: Machine) -> None:
        (machine.folder / LEASES).symlink_to(machine.cache / "elsewhere")
        with pytest.raises(OSError, match="symbolic link"), shared(find_binaries(), machine.cache):
            pass
        (machine.folder / LEASES).unlink()

    def test_the_keeper_sees_nothing_of_the_run_s_environment(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-planted")
        with shared(find_binaries(), machine.cache) as address:
            assert b"sk-planted" not in Path(f"/proc/{address.keeper}/environ").read_bytes()

    def test_runs_that_wait_do_not_hold_each_other_up(self, machine: Machine) -> None:
        with shared(find_binaries(), machine.cache):
            began = time.monotonic()
            others = [threading.Thread(target=_sweeps, args=(machine,)) for _ in range(5)]
            for other in others:
                other.start()
            for other in others:
                other.join()
            assert time.monotonic() - began < 10
