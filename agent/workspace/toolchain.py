"""The toolchain environment: exact versions from a lock, made once by uv, outside workspaces, shared between runs."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from agent.errors import MissingDependency
from tools.sandbox.base import Mounts

_COMPLETE = ".complete"
"""Present once everything is installed; an environment without it was interrupted and is made anew."""
_MINUTES = 15


def build_toolchain(
    lock: Path,
    cache: Path,
    *,
    python: str = "3.12",
    progress: Callable[[str], None] = lambda _: None,
) -> Path:
    """The environment for a lock file with hashes: `<it>/bin/python`. Made on the first call, then found again.

    Keyed by the lock's bytes, the Python version and the platform. Two processes at once make it once. Raises
    MissingDependency when it cannot be made; nothing is left behind then.
    """
    interpreter = _interpreter(python)
    folder = cache.resolve() / "toolchains" / _key(lock, interpreter)
    if (folder / _COMPLETE).exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_suffix(".lock")):
        if not (folder / _COMPLETE).exists():
            _build(folder, lock, interpreter, progress)
    return folder


def toolchain_mounts(toolchain: Path) -> Mounts:
    """What a sandbox must mount to use a toolchain: the environment, and the Python installation it was made from."""
    return Mounts(read_only=(toolchain, *_base_installations(toolchain)))


def toolchain_environment(toolchain: Path) -> Mapping[str, str]:
    """The variables by which commands find the toolchain."""
    return {
        "PATH": f"{toolchain}/bin:/usr/local/bin:/usr/bin:/bin",
        "VIRTUAL_ENV": str(toolchain),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _build(folder: Path, lock: Path, interpreter: str, progress: Callable[[str], None]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    try:
        progress("making the toolchain environment (once for this lock)")
        _uv("venv", "--quiet", "--python", interpreter, str(folder))
        progress("installing the locked packages")
        _uv(
            *("pip", "install", "--quiet", "--python", str(folder / "bin" / "python")),
            *("--require-hashes", "--only-binary", ":all:"),
            # Copies, because a hard link shares its content with uv's cache, and so with other projects.
            *("--compile-bytecode", "--link-mode", "copy", "--requirements", str(lock.resolve())),
        )
        (folder / _COMPLETE).touch()
    finally:
        if not (folder / _COMPLETE).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _uv(*arguments: str) -> None:
    import uv

    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "UV_PROJECT")}
    try:
        done = subprocess.run(
            [uv.find_uv_bin(), *arguments],
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_MINUTES * 60,
            check=False,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        raise MissingDependency(f"uv could not be run for the toolchain environment: {error}") from error
    if done.returncode != 0:
        raise MissingDependency(
            f"the toolchain environment could not be made: `uv {' '.join(arguments[:2])}` says:\n"
            f"{_last_lines(done.stderr)}\n"
            "Packages come from the package index, or from uv's cache once they were there: check the network, the "
            "proxy variables, and `UV_DEFAULT_INDEX` where a mirror is used; then run the command again."
        )


def _last_lines(text: str, count: int = 12) -> str:
    return "\n".join(text.strip().splitlines()[-count:])


def _interpreter(python: str) -> str:
    """The interpreter that runs this where its version fits, so that none is downloaded; else the version, for uv."""
    running = ".".join(str(part) for part in sys.version_info[:3])
    fits = running == python or running.startswith(f"{python}.")
    executable = Path(sys.base_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}")
    return str(executable) if fits and executable.exists() else python


def _key(lock: Path, interpreter: str) -> str:
    parts = (lock.read_bytes(), interpreter.encode(), sys.version.encode(), platform.platform().encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _base_installations(toolchain: Path) -> tuple[Path, ...]:
    """The folders of the base interpreter: as the environment names it, and with its links resolved."""
    lines = (line.partition("=") for line in (toolchain / "pyvenv.cfg").read_text().splitlines())
    settings = {name.strip(): value.strip() for name, _, value in lines}
    named = Path(settings["home"]).parent
    real = (toolchain / "bin" / "python").resolve().parent.parent
    return tuple(dict.fromkeys(folder for folder in (named, named.resolve(), real) if folder != Path("/usr")))


@contextlib.contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
