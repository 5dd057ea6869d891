"""Every kind of sandbox is a workspace as pydantic-ai defines it: its own conformance suite says so."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import threading
import uuid
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from pydantic_ai.workspaces import Workspace, WorkspaceBackend, WorkspaceRef
from pydantic_ai.workspaces.conformance import WorkspaceBackendSuite

from tests.sandbox.conftest import gone, make_worktree, open_place, processes_with
from tools.sandbox.backend import SandboxBackend
from tools.sandbox.base import Sandbox, SandboxKind


@pytest.fixture(params=["bubblewrap", "docker", "none"])
def kind(request: pytest.FixtureRequest) -> SandboxKind:
    chosen: SandboxKind = request.param
    return chosen


@pytest.fixture
def make_backend(kind: SandboxKind) -> Iterator[Callable[[Path], SandboxBackend]]:
    """A backend on a worktree; what it opens is closed after the test."""
    opened: list[Sandbox] = []

    def open_kept(kind: SandboxKind, worktree: Path) -> Sandbox:
        opened.append(open_place(kind, worktree))
        return opened[-1]

    yield lambda worktree: SandboxBackend(worktree, kind, open_kept)
    for sandbox in opened:
        sandbox.close()


@pytest.fixture
def backend(make_backend: Callable[[Path], SandboxBackend], worktree: Path) -> WorkspaceBackend:
    return make_backend(worktree)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class TestConformance(WorkspaceBackendSuite):
    """The suite as it comes, with a worktree that can be attached to and destroyed."""

    @pytest.fixture
    def backend(self, make_backend: Callable[[Path], SandboxBackend], worktree: Path) -> WorkspaceBackend:
        return make_backend(worktree)

    @pytest.fixture
    def destructive_backend(
        self, make_backend: Callable[[Path], SandboxBackend], tmp_path: Path
    ) -> Callable[[], WorkspaceBackend]:
        return lambda: make_backend(make_worktree(tmp_path / "doomed"))

    @pytest.fixture
    def attach_backend(
        self, make_backend: Callable[[Path], SandboxBackend]
    ) -> Callable[[WorkspaceRef], WorkspaceBackend]:
        return lambda ref: make_backend(Path(ref.id))

    @pytest.fixture
    def destroy_environment(self) -> Callable[[WorkspaceBackend], Awaitable[None]]:
        async def destroy(backend: WorkspaceBackend) -> None:
            assert backend.ref is not None
            shutil.rmtree(backend.ref.id)

        return destroy

    async def test_cancellation_stops_foreground_work(
        self, backend: WorkspaceBackend, has_real_posix_shell: bool
    ) -> None:
        """The suite asks a second command for the first one's process number, which in bubblewrap is another's."""
        if backend.ref is None or backend.ref.provider != "sandbox-bubblewrap":
            await super().test_cancellation_stops_foreground_work(backend, has_real_posix_shell)
            return
        word = f"35{uuid.uuid4().int % 10**8:08d}"
        running = asyncio.create_task(Workspace(backend).run(["sleep", word]))
        while not processes_with(word):
            assert not running.done(), running.result()
            await asyncio.sleep(0.02)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert gone(word)

    @pytest.fixture(autouse=True)
    def last_will(self, request: pytest.FixtureRequest, worktree: Path) -> Iterator[None]:
        """The suite lets a background child write a last file and waits 30 s for it; here the child is dead by then."""
        if "background_child" not in request.node.name:
            yield
            return
        over = threading.Event()

        def write_for_it() -> None:
            while not over.wait(0.05):
                for release in worktree.glob(".pydantic-ai-conformance-*/release"):
                    (release.parent / "finished").touch()

        thread = threading.Thread(target=write_for_it, daemon=True)
        thread.start()
        yield
        over.set()
        thread.join()


class TestHoldingBeneath:
    """Files are reached from outside, so nothing of the sandbox holds them: the path itself has to."""

    @pytest.mark.parametrize("target", ["/etc", "../..", "/proc/self/root/etc", "/workspace/../etc"])
    async def test_a_link_that_leads_out_is_not_followed(
        self, backend: WorkspaceBackend, worktree: Path, target: str
    ) -> None:
        (worktree / "link").symlink_to(target)
        workspace = Workspace(backend)
        for work in (workspace.read_bytes("link/passwd"), workspace.list_dir("link"), workspace.realpath("link/x")):
            with pytest.raises(PermissionError):
                await work
        with pytest.raises(PermissionError):
            await workspace.write_bytes("link/x", b"")
        assert not await workspace.exists("link/passwd")

    async def test_git_is_out_of_reach(self, backend: WorkspaceBackend, worktree: Path) -> None:
        (worktree / "link").symlink_to(".git")
        workspace = Workspace(backend)
        for path in (".git/config", "link/config", ".GIT/config"):
            with pytest.raises(PermissionError):
                await workspace.read_bytes(path)
            with pytest.raises(PermissionError):
                await workspace.write_bytes(path, b"")
        with pytest.raises(PermissionError):
            await workspace.remove(".git")
        assert ".git" not in {entry.name for entry in await workspace.list_dir(".")}

    async def test_swapping_a_folder_for_a_link_never_leads_out(
        self, backend: WorkspaceBackend, worktree: Path, tmp_path: Path
    ) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "file").write_bytes(b"secret")
        (worktree / "real").mkdir()
        (worktree / "real" / "file").write_bytes(b"harmless")
        (worktree / "link").symlink_to(outside)
        swapped, over = worktree / "swapped", threading.Event()

        def swap() -> None:
            while not over.is_set():
                for name in ("real", "link"):
                    (worktree / "next").symlink_to(name)
                    (worktree / "next").rename(swapped)

        thread = threading.Thread(target=swap, daemon=True)
        thread.start()
        workspace, read = Workspace(backend), set[bytes]()
        try:
            for _ in range(300):
                with contextlib.suppress(OSError):
                    read.add(await workspace.read_bytes("swapped/file"))
                    await workspace.write_bytes("swapped/new", b"x")
        finally:
            over.set()
            thread.join()
        assert read == {b"harmless"}
        assert [path.name for path in outside.iterdir()] == ["file"]
