"""What a command gets and leaves, in every kind of sandbox."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from tests.sandbox.conftest import gone, make_worktree, processes_with
from tools.errors import SandboxUnavailable
from tools.sandbox.base import Limits, Mounts, Sandbox
from tools.sandbox.bubblewrap import Bubblewrap
from tools.sandbox.bubblewrap_command import ROOT_MODE_UID
from tools.sandbox.choosing import describe_bubblewrap, open_sandbox, probe_bubblewrap
from tools.sandbox.none import NoSandbox

_PROJECT = Path(__file__).parents[2]
_RUNTIME = """
import asyncio, sys
from pathlib import Path
from tools.sandbox.choosing import open_sandbox

async def main():
    await open_sandbox(sys.argv[1], Path(sys.argv[2])).run(["/bin/bash", "-c", sys.argv[3]])

asyncio.run(main())
"""
_SERVER = (
    "import socket, sys, time; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); "
    "print('up', flush=True); c = s.accept()[0]; c.sendall(b'hello'); c.close(); time.sleep(60)"
)


async def test_a_command_says_how_it_ended(any_sandbox: Sandbox) -> None:
    result = await any_sandbox.run(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert (result.exit_code, result.stdout, result.stderr, result.ending) == (3, "out\n", "err\n", "exited")
    assert not result.ok
    assert result.output == "out\nerr"


async def test_a_missing_command_is_a_result(any_sandbox: Sandbox) -> None:
    result = await any_sandbox.run(["no-such-command"])
    assert result.exit_code == 127
    assert "no-such-command" in result.stderr


async def test_a_killed_command_is_signalled(any_sandbox: Sandbox) -> None:
    assert (await any_sandbox.run(["sh", "-c", "kill -9 $$"])).ending == "signalled"


async def test_the_environment_holds_only_what_is_given(any_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hidden")
    result = await any_sandbox.run(["env"], environment={"GIVEN": "yes"})
    names = {line.partition("=")[0] for line in result.stdout.splitlines()}
    assert "GIVEN=yes" in result.stdout
    assert names - {"AGENT_COMMAND_ID", "PWD", "SHLVL", "_"} == {"PATH", "HOME", "LANG", "TMPDIR", "GIVEN"}


async def test_standard_input_is_given(any_sandbox: Sandbox) -> None:
    assert (
        await any_sandbox.run(["cat"], stdin=b"x" * 300_000, limits=Limits(output_bytes=1 << 20))
    ).stdout == "x" * 300_000
    assert (await any_sandbox.run(["true"], stdin=b"x" * 300_000)).ok, "not reading it is no failure"


async def test_long_output_keeps_its_ends(any_sandbox: Sandbox) -> None:
    result = await any_sandbox.run(["seq", "1", "100000"], limits=Limits(output_bytes=4000))
    assert result.stdout.startswith("1\n2\n")
    assert result.stdout.endswith("99999\n100000\n")
    assert "bytes left out" in result.stdout
    assert len(result.stdout) < 4100


@pytest.mark.parametrize("how", ["setsid sleep {0} &", "nohup sleep {0} >/dev/null 2>&1 &", "(setsid sleep {0} &);"])
async def test_what_it_left_running_isgone(any_sandbox: Sandbox, how: str) -> None:
    word = f"31{uuid.uuid4().int % 10**8:08d}"
    result = await any_sandbox.run(["bash", "-c", f"{how.format(word)} echo started"])
    assert result.stdout == "started\n"
    assert result.seconds < 5
    assert gone(word)


async def test_a_timeout_ends_the_whole_tree(any_sandbox: Sandbox) -> None:
    word = f"32{uuid.uuid4().int % 10**8:08d}"
    result = await any_sandbox.run(
        ["bash", "-c", f"setsid sleep {word} & sleep {word} & sleep {word}"], limits=Limits(seconds=0.5)
    )
    assert result.ending == "timeout"
    assert result.seconds < 3
    assert gone(word)


async def test_cancelling_ends_the_whole_tree(any_sandbox: Sandbox) -> None:
    word = f"33{uuid.uuid4().int % 10**8:08d}"
    task = asyncio.create_task(any_sandbox.run(["bash", "-c", f"setsid sleep {word} & sleep {word}"]))
    while not processes_with(word):
        assert not task.done(), task.result()
        await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert gone(word)


@pytest.mark.parametrize("seconds", [0.0, 0.002, 0.005, 0.01, 0.02, 0.04])
async def test_cancelling_while_it_starts_leaves_nothing(any_sandbox: Sandbox, seconds: float) -> None:
    word = f"36{uuid.uuid4().int % 10**8:08d}"
    task = asyncio.create_task(any_sandbox.run(["bash", "-c", f"setsid sleep {word} & sleep {word}"]))
    await asyncio.sleep(seconds)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=20)
    assert done
    assert task.cancelled()
    assert gone(word)


async def test_commands_end_with_a_killed_runtime(worktree: Path) -> None:
    word = f"34{uuid.uuid4().int % 10**8:08d}"
    runtime = subprocess.Popen(
        [sys.executable, "-c", _RUNTIME, "bubblewrap", str(worktree), f"setsid sleep {word} & sleep {word}"],
        cwd=_PROJECT,
    )
    deadline = time.monotonic() + 60
    while len(processes_with(f"sleep {word}")) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert processes_with(f"sleep {word}")
    runtime.send_signal(signal.SIGKILL)
    runtime.wait()
    assert gone(word)


async def test_many_commands_run_at_once(any_sandbox: Sandbox) -> None:
    results = await asyncio.gather(*(any_sandbox.run(["sh", "-c", f"sleep 0.1; echo {n}"]) for n in range(20)))
    assert [result.stdout.strip() for result in results] == [str(n) for n in range(20)]


async def test_folders_are_mounted(any_sandbox: Sandbox, tmp_path: Path) -> None:
    given, results = tmp_path / "given", tmp_path / "results"
    given.mkdir()
    (given / "file").write_text("content")
    results.mkdir()
    inside_given, inside_results = any_sandbox.bound(given, "/run/given"), any_sandbox.bound(results, "/run/results")
    result = await any_sandbox.run(
        ["sh", "-c", f"cat {inside_given}/file && echo made > {inside_results}/file"],
        mounts=Mounts(bound={given: "/run/given"}, writable={results: "/run/results"}),
    )
    assert result.stdout == "content"
    assert (results / "file").read_text() == "made\n"


async def test_read_only_is_read_only(confined: Sandbox, tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir(mode=0o777)
    tries = f"touch {given}/x && echo WROTE; touch /run/given/x && echo WROTE; touch here && echo WROTE"
    mounts = Mounts(read_only=(given,), bound={given: "/run/given"})
    result = await confined.run(["sh", "-c", tries], mounts=mounts, writable=False)
    assert "WROTE" not in result.stdout
    assert result.stderr.count("Read-only file system") == 3


async def test_a_folder_that_is_missing_is_an_error(confined: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="cannot be mounted"):
        await confined.run(["true"], mounts=Mounts(read_only=(tmp_path / "missing",)))


async def test_the_loopback_is_its_own(confined: Sandbox) -> None:
    code = (
        "import socket as s; a = s.create_server(('127.0.0.1', 0)); s.create_connection(a.getsockname()); print('met')"
    )
    assert (await confined.run(["/usr/bin/python3", "-c", code])).stdout == "met\n"


async def test_a_service_runs_until_its_context_ends(any_sandbox: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path / "socket"
    folder.mkdir()
    path = f"{any_sandbox.bound(folder, '/run/service')}/s"
    mounts = Mounts(writable={folder: "/run/service"})
    async with any_sandbox.start(["/usr/bin/python3", "-c", _SERVER, path], mounts=mounts) as service:
        while "up" not in service.log():
            assert service.running, service.log()
            await asyncio.sleep(0.02)
        reader, writer = await asyncio.open_unix_connection(folder / "s")
        assert await reader.read() == b"hello"
        writer.close()
        assert Path("/proc", str(service.pid)).exists()
    assert service.exit_code is not None
    assert not Path("/proc", str(service.pid)).exists()


async def test_a_service_that_ends_says_how(any_sandbox: Sandbox) -> None:
    async with any_sandbox.start(["sh", "-c", "echo why >&2; exit 7"]) as service:
        while service.running:
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.05)
        assert service.exit_code == 7
        assert service.log() == "why\n"


async def test_a_service_that_passes_a_limit_says_which(any_sandbox: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path / "filled"
    folder.mkdir()
    path = f"{any_sandbox.bound(folder, '/run/filled')}/all"
    fill = f"import time; open({path!r}, 'wb').write(bytes(30 << 20)); print('full', flush=True); time.sleep(60)"
    limits, mounts = Limits(workspace_bytes=5 << 20), Mounts(writable={folder: "/run/filled"})
    async with any_sandbox.start(["/usr/bin/python3", "-c", fill], mounts=mounts, limits=limits) as service:
        while service.running:
            await asyncio.sleep(0.02)
        assert "killed: disk limit 5 MiB" in service.log()


async def test_paths_inside(worktree: Path, sandbox: Bubblewrap) -> None:
    assert sandbox.inside(worktree) == "/workspace"
    assert sandbox.inside(worktree / "src" / "app.py") == "/workspace/src/app.py"
    assert NoSandbox(worktree).inside(worktree / "src") == str(worktree / "src")
    with pytest.raises(ValueError, match="subpath"):
        sandbox.inside(worktree.parent)


async def test_a_private_toolchain_is_reachable(confined: Sandbox) -> None:
    """The interpreter of these tests may lie in a home that is closed to others."""
    result = await confined.run(
        [f"{sys.base_prefix}/bin/python3", "-c", "print(6 * 7)"], mounts=Mounts((Path(sys.base_prefix),))
    )
    assert result.stdout == "42\n", result.stderr


async def test_a_sandbox_that_cannot_be_set_up_is_an_error(worktree: Path) -> None:
    with pytest.raises(SandboxUnavailable):
        await Bubblewrap(worktree, binary="/bin/false").run(["true"])


def test_bubblewrap_works_here() -> None:
    assert probe_bubblewrap() is None


def test_what_holds_commands_is_said() -> None:
    assert "bwrap" in describe_bubblewrap()
    assert " mode, memory and processes by " in describe_bubblewrap()


def test_automatic_is_never_none(worktree: Path) -> None:
    assert open_sandbox("auto", worktree).kind == "bubblewrap"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to another user")
class TestOwnership:
    """As root, commands run as another user; both can change what the other has written."""

    async def test_files_of_the_runtime_can_be_changed_inside(self, tmp_path: Path) -> None:
        worktree = make_worktree(tmp_path / "private" / "worktree")
        worktree.parent.chmod(0o700)
        (worktree / "src").mkdir()
        (worktree / "src" / "app.py").write_text("1\n")
        result = await Bubblewrap(worktree).run(
            ["sh", "-c", "id -u; echo 2 >> src/app.py; chmod 600 src/app.py; echo 3 > new"]
        )
        assert result.stdout == f"{ROOT_MODE_UID}\n", result.stderr
        assert (worktree / "src" / "app.py").read_text() == "1\n2\n"
        assert (worktree / "new").read_text() == "3\n"

    async def test_git_still_trusts_the_folder(self, worktree: Path, sandbox: Bubblewrap) -> None:
        await sandbox.run(["sh", "-c", "echo 1 > file"])
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
        done = subprocess.run(
            ["git", "status", "--short"], cwd=worktree, env=environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (0, "?? file\n"), done.stderr

    async def test_git_stays_with_the_runtime(self, worktree: Path, sandbox: Bubblewrap) -> None:
        await sandbox.run(["true"])
        assert all(path.lstat().st_uid == 0 for path in (worktree / ".git").rglob("*"))
