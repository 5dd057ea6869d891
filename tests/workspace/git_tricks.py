"""Ways in which a repository makes git run a program of its choice. Each is planted, and set off with plain git.

`program` writes the marker. A trick says with which ordinary command it goes off, so that a test can show that it does
before it shows that the runtime never sets it off.
"""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_WHO = {f"GIT_{who}_{what}": "user@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


@dataclass(frozen=True, slots=True)
class Place:
    """A repository with one commit, and the program that is to be run."""

    repository: Path
    program: Path

    def git(self, *arguments: str, at: Path | None = None) -> None:
        """Git as its user calls it, with nothing set off by what is planted already; raises when it fails."""
        quiet = ("-c", "core.hooksPath=/dev/null", "-c", "protocol.file.allow=always", "-c", "commit.gpgSign=false")
        done = plain_git(at or self.repository, *quiet, *arguments)
        assert done.returncode == 0, done.stderr

    def config(self, **settings: str) -> None:
        """Lines of the repository's configuration; `__` stands for a dot."""
        for key, value in settings.items():
            self.git("config", key.replace("__", "."), value)

    def append(self, text: str, file: str = ".git/config") -> None:
        """Text at the end of a file."""
        with (self.repository / file).open("a") as opened:
            opened.write(text)

    def attributes(self, text: str) -> None:
        """A commit with these attributes; filters that they name are not there yet."""
        (self.repository / ".gitattributes").write_text(f"{text}\n")
        self.git("add", ".")
        self.git("commit", "-q", "-m", "Attributes")

    def beside(self, name: str) -> Path:
        """A place next to the repository."""
        return self.repository.parent / name


Plant = Callable[[Place], None]


@dataclass(frozen=True, slots=True)
class Trick:
    """One of them."""

    plant: Plant
    sets_off: tuple[str, ...]
    """The arguments of the git command that runs the program."""
    terminal: bool = False
    """It goes off only where the output is a terminal."""
    given: str = ""
    """Standard input."""


def plain_git(
    folder: Path, *arguments: str, terminal: bool = False, given: str = ""
) -> subprocess.CompletedProcess[str]:
    """Git with nothing switched off, except for the tester's own configuration."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TERM": "xterm", "LC_ALL": "C", **_WHO}
    main, other = pty.openpty() if terminal else (None, subprocess.PIPE)
    try:
        return subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env=environment,
            input=given,
            stdout=other,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
            check=False,
        )
    finally:
        if main is not None:
            os.close(main)
            os.close(other)


def set_off(trick: Trick, place: Place) -> None:
    """What its user would do, as a result of which the program runs."""
    os.utime(place.repository / "README.md", (1, 1))
    plain_git(place.repository, *trick.sets_off, terminal=trick.terminal, given=trick.given)


def _hook(name: str, folder: str = ".git/hooks") -> Plant:
    def plant(place: Place) -> None:
        (place.repository / folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(place.program, place.repository / folder / name)
        if folder != ".git/hooks":
            place.git("add", ".")
            place.git("commit", "-q", "-m", "Hooks")
            place.config(core__hooksPath=folder)

    return plant


def _setting(key: str, prefix: str = "") -> Plant:
    return lambda place: place.git("config", key, f"{prefix}{place.program}")


def _filter(name: str, kind: str, where: str = ".git/config", header: str = "") -> Plant:
    """A filter driver: in the configuration, or in a file that the configuration includes under a condition."""

    def plant(place: Place) -> None:
        place.attributes(f"*.md filter={name}")
        path = place.repository / where
        path.parent.mkdir(exist_ok=True)
        with path.open("a") as file:
            file.write(f'[filter "{name}"]\n\t{kind} = {place.program}\n')
        if header:
            place.append(f"[{header}]\n\tpath = {path}\n")

    return plant


def _filter_by_info(place: Place) -> None:
    (place.repository / ".git" / "info" / "attributes").write_text("*.md filter=evil\n")
    place.config(filter__evil__clean=str(place.program))


def _filter_of_the_worktree(place: Place) -> None:
    place.attributes("*.md filter=evil")
    place.config(extensions__worktreeConfig="true")
    place.append(f'[filter "evil"]\n\tsmudge = {place.program}\n', ".git/config.worktree")


def _attribute(text: str, key: str) -> Plant:
    def plant(place: Place) -> None:
        place.attributes(text)
        place.git("config", key, str(place.program))

    return plant


def _merge_driver(place: Place) -> None:
    _attribute("*.md merge=evil", "merge.evil.driver")(place)
    place.git("checkout", "-q", "-b", "other")
    for branch, text in (("other", "one\n"), ("main", "two\n")):
        place.git("checkout", "-q", branch)
        (place.repository / "README.md").write_text(text)
        place.git("commit", "-q", "-a", "-m", text)


def _signature(place: Place) -> None:
    place.config(commit__gpgSign="true", gpg__program=str(place.program))


def _remote(url: str, **settings: str) -> Plant:
    def plant(place: Place) -> None:
        named = {key: value.replace("PROGRAM", str(place.program)) for key, value in settings.items()}
        place.config(remote__origin__url=url.replace("PROGRAM", str(place.program)), **named)
        place.config(remote__origin__fetch="+refs/heads/*:refs/remotes/origin/*")

    return plant


def _missing_object(place: Place) -> None:
    """A partial clone fetches what is missing as soon as a command wants it."""
    _remote("ext::PROGRAM", protocol__ext__allow="always", remote__origin__promisor="true")(place)
    place.config(core__repositoryFormatVersion="1", extensions__partialClone="origin")
    listed = plain_git(place.repository, "rev-parse", "HEAD:README.md").stdout.strip()
    (place.repository / ".git" / "objects" / listed[:2] / listed[2:]).unlink()


def _alternates(place: Place) -> None:
    place.git("clone", "-q", "--bare", ".", str(place.beside("other.git")))
    (place.repository / ".git" / "objects" / "info" / "alternates").write_text(f"{place.beside('other.git')}/objects\n")
    place.config(core__alternateRefsCommand=str(place.program))


def _submodule(place: Place) -> None:
    place.git("clone", "-q", ".", str(place.beside("part")))
    place.git("submodule", "--quiet", "add", str(place.beside("part")), "part")
    place.git("commit", "-q", "-m", "Part")


def _submodule_update(place: Place) -> None:
    _submodule(place)
    place.git("commit", "-q", "--allow-empty", "-m", "Elsewhere", at=place.repository / "part")
    place.config(submodule__part__update=f"!{place.program}", submodule__recurse="true")
    place.config(submodule__part__ignore="all")


def _submodule_monitor(place: Place) -> None:
    _submodule(place)
    place.git("config", "core.fsmonitor", str(place.program), at=place.repository / "part")
    place.config(status__submoduleSummary="true", diff__ignoreSubmodules="none", submodule__part__ignore="none")


def _submodule_by_ext(place: Place) -> None:
    place.append(f'[submodule "part"]\n\tpath = part\n\turl = ext::{place.program}\n', ".gitmodules")
    head = plain_git(place.repository, "rev-parse", "HEAD").stdout.strip()
    place.git("add", ".gitmodules")
    place.git("update-index", "--add", "--cacheinfo", f"160000,{head},part")
    place.git("commit", "-q", "-m", "Part")
    (place.repository / "part").mkdir()
    place.config(submodule__recurse="true")


def _moved_git_dir(place: Place) -> None:
    """`.git` is a file that leads to a hostile repository inside the worktree's own files."""
    _setting("core.fsmonitor")(place)
    (place.repository / ".git").rename(place.repository / "data")
    (place.repository / ".git").write_text("gitdir: data\n")
    place.append("data\n", "data/info/exclude")


def _elsewhere_git_dir(place: Place) -> None:
    _setting("core.fsmonitor")(place)
    (place.repository / ".git").rename(place.beside("elsewhere"))
    (place.repository / ".git").write_text(f"gitdir: {place.beside('elsewhere')}\n")


def _bare_at_the_top(place: Place) -> None:
    """The repository is its own git folder: a clone of it would carry that configuration along."""
    _setting("core.fsmonitor")(place)
    for path in (place.repository / ".git").iterdir():
        path.rename(place.repository / path.name)
    (place.repository / ".git").rmdir()
    place.append("[core]\n\tbare = false\n\tworktree = .\n", "config")


def _linked_git_dir(place: Place) -> None:
    _setting("core.fsmonitor")(place)
    (place.repository / ".git").rename(place.beside("elsewhere"))
    (place.repository / ".git").symlink_to(place.beside("elsewhere"))


_ADD = ("add", "README.md")
_WORKTREE = ("worktree", "add", "-q", "-b", "agent/theirs", "../theirs")
_STATUS = ("status",)
_COMMIT = ("commit", "-q", "--allow-empty", "-m", "More")
_FETCH = ("fetch", "-q", "origin")

TRICKS: dict[str, Trick] = {
    **{f"hook {name}": Trick(_hook(name), _WORKTREE) for name in ("post-checkout", "reference-transaction")},
    **{f"hook {name}": Trick(_hook(name), _COMMIT) for name in ("pre-commit", "post-commit", "commit-msg")},
    "hook post-index-change": Trick(_hook("post-index-change"), ("update-index", "--really-refresh")),
    "hook of a tracked folder": Trick(_hook("post-checkout", "hooks"), _WORKTREE),
    "core.fsmonitor": Trick(_setting("core.fsmonitor"), _STATUS),
    "core.sshCommand": Trick(_setting("core.sshCommand"), ("ls-remote", "ssh://localhost/none")),
    "core.gitProxy": Trick(_setting("core.gitProxy"), ("ls-remote", "git://localhost/none")),
    "core.askPass": Trick(_setting("core.askPass"), ("credential", "fill"), given="protocol=https\nhost=localhost\n\n"),
    "core.editor": Trick(_setting("core.editor"), ("commit", "--amend")),
    "sequence.editor": Trick(_setting("sequence.editor"), ("rebase", "-i", "--root")),
    "core.pager": Trick(_setting("core.pager"), ("log",), terminal=True),
    "pager of a command": Trick(_setting("pager.status"), _STATUS, terminal=True),
    "credential.helper": Trick(
        _setting("credential.helper"), ("credential", "fill"), given="protocol=https\nhost=localhost\n\n"
    ),
    "gpg.program": Trick(_signature, _COMMIT),
    "alias": Trick(_setting("alias.st", "!"), ("st",)),
    "diff.external": Trick(_setting("diff.external"), ("diff", "HEAD", "4b825dc642cb6eb9a060e54bf8d69288fbee4904")),
    "textconv": Trick(
        _attribute("*.md diff=evil", "diff.evil.textconv"), ("diff", "4b825dc642cb6eb9a060e54bf8d69288fbee4904", "HEAD")
    ),
    "diff command": Trick(
        _attribute("*.md diff=evil", "diff.evil.command"), ("diff", "4b825dc642cb6eb9a060e54bf8d69288fbee4904", "HEAD")
    ),
    "merge driver": Trick(_merge_driver, ("merge", "other")),
    "filter clean": Trick(_filter("evil", "clean"), _ADD),
    "filter smudge": Trick(_filter("evil", "smudge"), _WORKTREE),
    "filter process": Trick(_filter("evil", "process"), _WORKTREE),
    "filter with = in its name": Trick(_filter("a=b", "clean"), _ADD),
    "filter with = in its name, smudge": Trick(_filter("a=b", "smudge"), _WORKTREE),
    "filter with . in its name": Trick(_filter("a.b.c", "smudge"), _WORKTREE),
    "filter by info/attributes": Trick(_filter_by_info, _ADD),
    "filter of config.worktree": Trick(_filter_of_the_worktree, _WORKTREE),
    "filter by include.path": Trick(_filter("evil", "smudge", ".git/more", "include"), _WORKTREE),
    "filter by includeIf onbranch": Trick(
        _filter("evil", "smudge", ".git/more", 'includeIf "onbranch:agent/**"'), _WORKTREE
    ),
    "filter by includeIf gitdir": Trick(
        _filter("evil", "smudge", ".git/more", 'includeIf "gitdir:**/worktrees/**"'), _WORKTREE
    ),
    "protocol.ext": Trick(_remote("ext::PROGRAM", protocol__ext__allow="always"), _FETCH),
    "remote.uploadpack": Trick(_remote("../part", remote__origin__uploadpack="PROGRAM"), _FETCH),
    "partial clone with a missing object": Trick(_missing_object, _WORKTREE),
    "core.alternateRefsCommand": Trick(_alternates, ("rev-list", "--alternate-refs")),
    "submodule.update": Trick(_submodule_update, ("submodule", "update")),
    "submodule with core.fsmonitor": Trick(_submodule_monitor, _STATUS),
    "submodule by ext::": Trick(
        _submodule_by_ext, ("-c", "protocol.ext.allow=always", "submodule", "update", "--init")
    ),
    ".git file to a tracked folder": Trick(_moved_git_dir, _STATUS),
    ".git file to elsewhere": Trick(_elsewhere_git_dir, _STATUS),
    ".git is a link": Trick(_linked_git_dir, _STATUS),
    "bare repository at the top": Trick(_bare_at_the_top, _STATUS),
}
