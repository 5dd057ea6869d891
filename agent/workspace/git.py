"""Git, driven from outside the sandbox, where nothing in a repository can make it run a program.

Hooks, the file system monitor, filters, signing, editors, pagers and every transport are off, whatever the repository's
configuration says; the user's and the system's configuration are not read; the environment is empty. What is switched
off goes through the environment, key and value apart, because a name in a repository may hold a `=`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.errors import MissingDependency, WorkspaceError
from tools.stopped import heed

NAME, EMAIL = "Backend Developer Agent", "agent@localhost"

_SAFE = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.untrackedCache": "false",
    "core.attributesFile": "/dev/null",
    "core.excludesFile": "/dev/null",
    "core.splitIndex": "false",
    "core.alternateRefsCommand": "",
    "core.askPass": "",
    "core.autocrlf": "false",
    "core.sshCommand": "false",
    "core.gitProxy": "",
    "core.editor": "true",
    "core.pager": "cat",
    "commit.gpgSign": "false",
    "log.showSignature": "false",
    "gpg.program": "false",
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
    "GIT_NO_LAZY_FETCH": "1",
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
    _switched_off: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def guarded(self) -> Git:
        """The same, with every filter and hook that the configuration names here and now switched off.

        A configuration may name others for another branch or folder: ask again there.
        """
        listed = self.run("config", "--list", "--name-only", "-z")
        named = {_section_and_name(key) for key in listed.split("\0")}
        off = [setting for section, name in sorted(named) for setting in _off(section, name)]
        return Git(self.folder, self.git_dir, tuple(off))

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
        """With nothing of the caller's environment, in which GIT_* variables may be set."""
        command, variables = [_executable("git"), *arguments], self._variables(index)
        try:
            done = subprocess.run(
                command, cwd=self.folder, env=variables, stdin=subprocess.DEVNULL, capture_output=True, check=False
            )
        except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
            return 128, "", f"the folder cannot be entered ({error.strerror})"
        heed(done.returncode)
        return done.returncode, _text(done.stdout).removesuffix("\n"), _text(done.stderr)

    def _variables(self, index: Path | None) -> Mapping[str, str]:
        settings = {**_SAFE, **dict(self._switched_off)}
        variables = {**_ENVIRONMENT, "GIT_CONFIG_COUNT": str(len(settings))}
        for number, (key, value) in enumerate(settings.items()):
            variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        if self.git_dir is not None:
            variables |= {"GIT_DIR": str(self.git_dir), "GIT_WORK_TREE": str(self.folder)}
        if index is not None:
            variables["GIT_INDEX_FILE"] = str(index)
        return variables


def _section_and_name(key: str) -> tuple[str, str]:
    """`filter` and `a.b` of `filter.a.b.clean`."""
    section, _, rest = key.partition(".")
    return section, rest.rpartition(".")[0]


def _off(section: str, name: str) -> tuple[tuple[str, str], ...]:
    match section:
        case "filter":
            off = {"clean": "", "smudge": "", "process": "", "required": "false"}
        case "hook":  # named in the configuration, and not looked for in core.hooksPath
            off = {"enabled": "false", "command": "true"}
        case _:
            off = {}
    return tuple((f"{section}.{name}.{key}", value) for key, value in off.items())


def _executable(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise MissingDependency(f"{name} is not installed; install it (`apt install git`)")
    return found


def _text(output: bytes) -> str:
    return output.decode(errors="surrogateescape")
