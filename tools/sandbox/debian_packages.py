"""A root file system from Debian packages: downloaded and verified by apt, unpacked without running their scripts.

Needs neither root nor an image registry, only apt and dpkg-deb; nothing of the machine's own package state is changed.
"""

from __future__ import annotations

import copy
import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from tools.errors import SandboxUnavailable
from tools.sandbox.bubblewrap_command import ROOT_MODE_UID

GUARD = "/usr/lib/agent-guard"
_MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
"""Folders that are links into `/usr`, wherever a package still puts its files."""
_LEFT_OUT = ("usr/share/doc/", "usr/share/man/", "usr/share/locale/", "usr/share/info/", "dev/", "etc/shadow")
_SECONDS = 600


def download_packages(names: Sequence[str], folder: Path) -> list[Path]:
    """The packages and everything they depend on, from this machine's sources. Raises SandboxUnavailable."""
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise SandboxUnavailable(f"the image cannot be built from Debian packages: {tool} is not installed")
    for part in ("state/lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    (folder / "status").touch()
    _apt(folder, "update")
    _apt(folder, "install", "--yes", "--no-install-recommends", "--download-only", *names)
    return sorted((folder / "cache" / "archives").glob("*.deb"))


def pack_root(packages: Sequence[Path], target: Path) -> Path:
    """One archive with what the packages hold, and with the few files that their scripts would have made."""
    written: set[str] = set()
    with tarfile.open(target, "w") as root:
        for entry, content in _made():
            written.add(entry.name)
            root.addfile(entry, content)
        for package in packages:
            _add(root, package, written)
    if GUARD.lstrip("/") not in written:
        raise SandboxUnavailable("the image cannot be built: no package holds /bin/dash")
    return target


def _apt(folder: Path, *arguments: str) -> None:
    options = {
        "Dir::State": folder / "state",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder / "cache",
        "Debug::NoLocking": "1",
        "APT::Sandbox::User": "root",
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    done = subprocess.run(
        ["apt-get", "--quiet", *words, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        raise SandboxUnavailable(
            f"the image cannot be built from Debian packages: apt-get {arguments[0]} says:\n{done.stderr.strip()}"
        )


def _add(root: tarfile.TarFile, package: Path, written: set[str]) -> None:
    unpacking = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE)
    assert unpacking.stdout is not None
    with unpacking, tarfile.open(fileobj=unpacking.stdout, mode="r|") as archive:
        for entry in archive:
            name = _merged(entry.name)
            if name in written or name in ("", *_MERGED) or name.startswith(_LEFT_OUT) or entry.isdev():
                continue
            file = archive.extractfile(entry) if entry.isfile() else None
            content = file.read() if file else b""
            for placed in _placed(entry, name):
                written.add(placed.name)
                root.addfile(placed, io.BytesIO(content))


def _placed(entry: tarfile.TarInfo, name: str) -> Iterator[tarfile.TarInfo]:
    """The entry as it goes into the image, without set-id bits; the shell a second time, as the guard."""
    entry.name, entry.mode = name, entry.mode & 0o1777
    if entry.islnk():
        entry.linkname = _merged(entry.linkname)
    yield entry
    if name == "usr/bin/dash":
        # Can be run and not read, so that what runs it cannot be traced or written into by others of the same user.
        guard = copy.copy(entry)
        guard.name, guard.mode = GUARD.lstrip("/"), 0o111
        yield guard


def _merged(name: str) -> str:
    path = PurePosixPath(name.removeprefix("."))
    parts = [part for part in path.parts if part != "/"]
    return "/".join(["usr", *parts] if len(parts) > 1 and parts[0] in _MERGED else parts)


def _made() -> Iterator[tuple[tarfile.TarInfo, io.BytesIO | None]]:
    user = ROOT_MODE_UID
    for folder in ("tmp", "workspace", "run", "proc", "sys", "root"):
        yield _entry(folder, tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755), None
    for name in _MERGED:
        link = _entry(name, tarfile.SYMTYPE, 0o777)
        link.linkname = f"usr/{name}"
        yield link, None
    awk = _entry("usr/bin/awk", tarfile.SYMTYPE, 0o777)
    awk.linkname = "mawk"
    yield awk, None
    files = {
        "etc/passwd": f"root:x:0:0::/:/usr/sbin/nologin\nagent:x:{user}:{user}::/tmp:/bin/sh\n",
        "etc/group": f"root:x:0:\nagent:x:{user}:\n",
        "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    }
    for name, text in files.items():
        entry = _entry(name, tarfile.REGTYPE, 0o644)
        entry.size = len(text)
        yield entry, io.BytesIO(text.encode())


def _entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.mtime = kind, mode, int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    return entry
