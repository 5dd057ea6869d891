"""The toolchain environment: exact versions from a lock, made once by uv, outside workspaces, shared between runs."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from agent.errors import MissingDependency
from tools.sandbox.base import Mounts

_COMPLETE = ".complete"
"""Present once everything is installed; an environment without it was interrupted and is made anew."""
_MINUTES = 15
_FOR_UV = re.compile(
    r"UV_|(?:HTTPS?|ALL|NO)_PROXY$|SSL_|XDG_|(?:PATH|HOME|USER|LANG|LC_ALL|TMPDIR|NETRC|LD_LIBRARY_PATH)$",
    re.IGNORECASE,
)
"""Variables that say how to reach the index, and where uv's cache and settings are."""
_NOT_FOR_UV = frozenset({"UV_PROJECT", "UV_WORKING_DIRECTORY", "UV_PROJECT_ENVIRONMENT"})


def build_toolchain(
    lock: Path | str,
    cache: Path,
    *,
    python: str = "3.12",
    progress: Callable[[str], None] = lambda _: None,
) -> Path:
    """The environment for a lock with hashes, a file or its text: `<it>/bin/python`. Made once, then found again.

    Keyed by the lock's bytes, the Python version and the platform. Two processes at once make it once. Nothing of what
    is installed is run. Raises MissingDependency when it cannot be made; nothing is left behind then.
    """
    interpreter, text = base_interpreter(python), _text(lock)
    folder = _folder(text, cache, interpreter)
    if (folder / _COMPLETE).exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_suffix(".lock")):
        if not (folder / _COMPLETE).exists():
            _build(folder, text, interpreter, progress)
    return folder


def find_toolchain(lock: Path | str, cache: Path, *, python: str = "3.12") -> Path | None:
    """The environment for a lock if it was made before; None when it was not."""
    folder = _folder(_text(lock), cache, base_interpreter(python))
    return folder if (folder / _COMPLETE).exists() else None


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


def _build(folder: Path, lock: str, interpreter: str, progress: Callable[[str], None]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    try:
        progress("making the toolchain environment (once for this lock)")
        _uv("venv", "--quiet", "--python", interpreter, str(folder))
        progress("installing the locked packages")
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
            file.write(lock)
            file.flush()
            _uv(
                *("pip", "install", "--quiet", "--python", str(folder / "bin" / "python")),
                *("--require-hashes", "--only-binary", ":all:"),
                # Copies, because a hard link shares its content with uv's cache, and so with other projects.
                *("--link-mode", "copy", "--requirements", file.name),
            )
        _compile(folder)
        (folder / _COMPLETE).touch()
    finally:
        if not (folder / _COMPLETE).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _compile(folder: Path) -> None:
    """Byte-compile what was installed. Without `site`: it would run what packages want run at every start of Python."""
    command = (str(folder / "bin" / "python"), "-I", "-S", "-m", "compileall", "-q", "-j", "0", str(folder / "lib"))
    # A file that does not compile is no fault here: some packages carry templates of other Python versions.
    subprocess.run(command, cwd="/", env={"PATH": os.defpath}, capture_output=True, check=False)


def run_uv(*arguments: str) -> tuple[int, str, str]:
    """Exit code, output and error output of uv, which sees the index settings of whoever runs this, and no secrets.

    It is started in the root folder, so that the settings of no project are read. Raises MissingDependency when uv
    cannot be run.
    """
    import uv

    environment = {name: value for name, value in os.environ.items() if _FOR_UV.match(name) and name not in _NOT_FOR_UV}
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
    return done.returncode, done.stdout, done.stderr


def _uv(*arguments: str) -> None:
    code, _, err = run_uv(*arguments)
    if code != 0:
        raise MissingDependency(
            f"the toolchain environment could not be made: `uv {' '.join(arguments[:2])}` says:\n"
            f"{_last_lines(err)}\n"
            "Packages come from the package index, or from uv's cache once they were there: check the network, the "
            "proxy variables, and `UV_DEFAULT_INDEX` where a mirror is used; then run the command again."
        )


def _last_lines(text: str, count: int = 12) -> str:
    return "\n".join(text.strip().splitlines()[-count:])


def base_interpreter(python: str = "3.12") -> str:
    """The interpreter that runs this where its version fits, so that none is downloaded; else the version, for uv."""
    running = ".".join(str(part) for part in sys.version_info[:3])
    fits = running == python or running.startswith(f"{python}.")
    executable = Path(sys.base_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}")
    return str(executable) if fits and executable.exists() else python


def _text(lock: Path | str) -> str:
    return lock.read_text(encoding="utf-8") if isinstance(lock, Path) else lock


def _folder(lock: str, cache: Path, interpreter: str) -> Path:
    parts = (lock, interpreter, sys.version, platform.platform())
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
    return cache.resolve() / "toolchains" / key


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
