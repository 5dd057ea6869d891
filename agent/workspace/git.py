"""Git, driven from outside the sandbox, where nothing in a repository can make it run a program.

Hooks, the file system monitor, filters, signing, editors, pagers and every transport are off, whatever the repository's
configuration says; the user's and the system's configuration are not read; the environment is empty.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.errors import MissingDependency, WorkspaceError

NAME, EMAIL = "Backend Developer Agent", "agent@localhost"

_SAFE = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.untrackedCache": "false",
    "core.attributesFile": "/dev/null",
    "core.autocrlf": "false",
    "core.sshCommand": "false",
    "core.gitProxy": "",
    "core.editor": "true",
    "core.pager": "cat",
    "commit.gpgSign": "false",
    "credential.helper": "",
    "diff.external": "",
    "diff.ignoreSubmodules": "all",
    "submodule.recurse": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "protocol.allow": "never",
    "safe.directory": "*",
    "advice.detachedHead": "false",
}
_ENVIRONMENT = {
    "PATH": os.defpath,
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_AUTHOR_NAME": NAME,
    "GIT_AUTHOR_EMAIL": EMAIL,
    "GIT_COMMITTER_NAME": NAME,
    "GIT_COMMITTER_EMAIL": EMAIL,
}


@dataclass(frozen=True, slots=True)
class Git:
    """Git for one folder; with `git_dir` for exactly that repository, else for the one that git finds there."""

    folder: Path
    git_dir: Path | None = None
    _filters: tuple[str, ...] = field(default=(), repr=False)

    def guarded(self) -> Git:
        """The same, with every filter that the repository's configuration names switched off."""
        listed = self.attempt("config", "--list", "--name-only", "-z") or ""
        keys = (key for key in listed.split("\0") if key.startswith("filter."))
        names = {key[len("filter.") :].rpartition(".")[0] for key in keys}
        return Git(self.folder, self.git_dir, tuple(sorted(names)))

    def run(self, *arguments: str, index: Path | None = None) -> str:
        """What the command prints, without the last line end. Raises WorkspaceError with what git says."""
        code, out, err = self._execute(arguments, index)
        if code != 0:
            raise WorkspaceError(f"{self.folder}: git {arguments[0]} failed: {err.strip() or out.strip()}")
        return out

    def attempt(self, *arguments: str) -> str | None:
        """What the command prints; None when it fails."""
        code, out, _ = self._execute(arguments, None)
        return out if code == 0 else None

    def _execute(self, arguments: Sequence[str], index: Path | None) -> tuple[int, str, str]:
        from git import Git as Driver

        settings = [word for key, value in self._settings().items() for word in ("-c", f"{key}={value}")]
        variables = [f"{name}={value}" for name, value in self._variables(index).items()]
        # Through `env -i`, because GitPython adds to the caller's environment, in which GIT_* variables may be set.
        command = [_executable("env"), "-i", *variables, _executable("git"), *settings, *arguments]
        code, out, err = Driver(self.folder).execute(
            command, with_extended_output=True, with_exceptions=False, stdout_as_string=False, shell=False
        )
        return code, _text(out).removesuffix("\n"), _text(err)

    def _settings(self) -> Mapping[str, str]:
        switched_off: dict[str, str] = {}
        for name in self._filters:
            switched_off |= {f"filter.{name}.{kind}": "" for kind in ("clean", "smudge", "process")}
            switched_off[f"filter.{name}.required"] = "false"
        return {**_SAFE, **switched_off}

    def _variables(self, index: Path | None) -> Mapping[str, str]:
        variables = dict(_ENVIRONMENT)
        if self.git_dir is not None:
            variables |= {"GIT_DIR": str(self.git_dir), "GIT_WORK_TREE": str(self.folder)}
        if index is not None:
            variables["GIT_INDEX_FILE"] = str(index)
        return variables


def _executable(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise MissingDependency(f"{name} is not installed; install it (`apt install git coreutils`)")
    return found


def _text(output: object) -> str:
    return output.decode(errors="surrogateescape") if isinstance(output, bytes) else str(output)
