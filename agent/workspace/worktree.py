"""A git worktree with a toolchain and a sandbox: the `Workspace` of `agent.workspace.model`."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from agent.workspace.git import Git
from agent.workspace.toolchain import toolchain_environment, toolchain_mounts
from tools.errors import Refused
from tools.files import Files
from tools.redaction.room import room
from tools.sandbox.base import CommandResult, Limits, Mounts, Process, Sandbox


class GitWorkspace:
    """A git worktree on a branch of its own; see `agent.workspace.model.Workspace`."""

    def __init__(
        self, *, root: Path, branch: str, base: str, git_dir: Path, toolchain: Path, sandbox: Sandbox, state: Path
    ) -> None:
        self.root = root
        self.branch = branch
        self.base = base
        self.toolchain = toolchain
        self.sandbox: Sandbox = sandbox
        self.state = state
        self.git = Git(root, git_dir).guarded()
        self._files = Files(root)

    def tree(self) -> str:
        """Hash of the git tree that a commit of everything in the worktree would have now."""
        with self._index() as index:
            return self._staged(index)

    def commit(self, message: str) -> str | None:
        """Commit everything; the commit's hash, or None when nothing changed. Hooks never run."""
        with self._index(keep=True) as index:
            tree = self._staged(index)
        parent = self.head() or None
        if parent is not None and self.git.run("rev-parse", f"{parent}^{{tree}}") == tree:
            return None
        parents = () if parent is None else ("-p", parent)
        made = self.git.run("commit-tree", tree, *parents, "-m", room.redact(message))
        self.git.run("update-ref", "-m", "commit", f"refs/heads/{self.branch}", made, parent or "0" * len(made))
        return made

    def head(self) -> str:
        """The newest commit of the branch; empty where there is none."""
        return self.git.attempt("rev-parse", "--verify", "--quiet", "HEAD^{commit}") or ""

    def restore(self, commit: str | None) -> None:
        """Put branch and worktree back to a commit of this branch, None: to where the work began; the rest is lost.

        Ignored files stay. Raises WorkspaceError when the commit is not one of this branch.
        """
        target = commit or self.base
        if not target:
            self.git.attempt("update-ref", "-d", f"refs/heads/{self.branch}")
            self.git.run("read-tree", "--empty")
        else:
            self.git.run("reset", "--hard", "--quiet", target)
        self._remove_nested_repositories()
        self.git.run("clean", "-f", "-d", "--quiet")
        self.sandbox.take_over()

    def write(self, files: Mapping[str, str]) -> None:
        """Write files (path in the worktree → content); raises Refused for what would lie outside."""
        for path, content in files.items():
            self._files.write(path, content)

    def theirs(self) -> frozenset[str]:
        """Paths of the files that the repository held where the work began; none of a new one."""
        listed = self.git.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", self.base) if self.base else ""
        return frozenset(filter(None, listed.split("\0")))

    def before(self, path: str) -> str:
        """A file's content where the work began, without its last line end; empty where it was not there."""
        return (self.git.attempt("cat-file", "blob", f"{self.base}:{path}") or "") if self.base else ""

    def read(self) -> Mapping[str, str]:
        """Every text file of the worktree (path → content); ignored, binary and very large ones are left out."""
        listed = self.git.run("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        contents = ((path, self._text(path)) for path in sorted(set(listed.split("\0"))) if path)
        return {path: text for path, text in contents if text is not None}

    async def run(
        self,
        command: Sequence[str],
        *,
        mounts: Mounts = Mounts(),
        environment: Mapping[str, str] | None = None,
        limits: Limits = Limits(),
        writable: bool = True,
    ) -> CommandResult:
        """Run a command in the sandbox with the toolchain on its PATH."""
        return await self.sandbox.run(
            command,
            mounts=self._with_toolchain(mounts),
            environment={**toolchain_environment(self.toolchain), **(environment or {})},
            limits=limits,
            writable=writable,
        )

    def start(
        self,
        command: Sequence[str],
        *,
        mounts: Mounts = Mounts(),
        environment: Mapping[str, str] | None = None,
        limits: Limits = Limits(),
    ) -> AbstractAsyncContextManager[Process]:
        """Run a service in the sandbox, with the toolchain on its PATH and the worktree read-only."""
        return self.sandbox.start(
            command,
            mounts=self._with_toolchain(mounts),
            environment={**toolchain_environment(self.toolchain), **(environment or {})},
            limits=limits,
            writable=False,
        )

    def _with_toolchain(self, mounts: Mounts) -> Mounts:
        needed = toolchain_mounts(self.toolchain).read_only
        return Mounts((*needed, *mounts.read_only), mounts.bound, mounts.writable)

    def _text(self, path: str) -> str | None:
        try:
            return self._files.text(path)
        except (Refused, FileNotFoundError):
            return None

    def _staged(self, index: Path) -> str:
        self._remove_nested_repositories()
        self.git.run("add", "--all", "--", ".", index=index)
        return self.git.run("write-tree", index=index)

    @contextlib.contextmanager
    def _index(self, *, keep: bool = False) -> Iterator[Path]:
        """A copy of the index to stage in, so that the real one is changed in one step or not at all."""
        assert self.git.git_dir is not None
        real = self.git.git_dir / "index"
        copy = self.git.git_dir / f"index-{uuid.uuid4().hex}"
        try:
            with contextlib.suppress(FileNotFoundError):
                shutil.copy2(real, copy)
            yield copy
            if keep:
                copy.replace(real)
        finally:
            copy.unlink(missing_ok=True)

    def _remove_nested_repositories(self) -> None:
        """Remove `.git` beneath the top: git would ask such a repository instead of recording its files.

        The worktree begins without any, so only commands can have made them.
        """
        for folder, folders, names in os.walk(self.root):
            nested = Path(folder, ".git")
            if ".git" in [*folders, *names] and Path(folder) != self.root:
                nested.unlink() if nested.is_symlink() or nested.is_file() else shutil.rmtree(nested)
            folders[:] = [name for name in folders if name != ".git"]
