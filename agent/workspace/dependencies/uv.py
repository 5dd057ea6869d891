"""uv, driven from outside the sandbox: it resolves and unpacks, and runs nothing of what it unpacks.

Which index is asked is decided by the environment and the settings of whoever runs this; uv is started in the root
folder, where it finds no settings of a workspace. Sources are never built, because building runs their code.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from packaging.requirements import Requirement

from agent.errors import MissingDependency
from agent.workspace.dependencies.locks import Locked, read_lock, write_lock
from agent.workspace.toolchain import base_interpreter, run_uv
from tools.errors import Refused
from tools.scratch import scratch_folder

_ALWAYS = "2100-01-01"
_UNREACHABLE = re.compile(
    r"error sending request|client error|dns error|could not connect|connection refused|connectivity is disabled"
    r"|operation timed out|status (?:server|client) error|proxy",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(r"([\w.-]+) was not found in the (?:package registry|cache|provided package locations)")
_NO_WHEEL = re.compile(r"has no usable wheels|no wheels with a matching|building source distributions is disabled")
_WORDS = 400


class Unreachable(MissingDependency):
    """The package index does not answer."""


def resolve(
    wanted: Sequence[Requirement], base: Mapping[str, Locked], pinned: Iterable[Locked], free: Iterable[str], days: int
) -> tuple[Locked, ...]:
    """The packages, with versions and hashes, that these requirements need beside those of `base`, which stay.

    `pinned` are versions to keep to; releases of packages other than `free` must be `days` old. Raises Refused, in one
    sentence, when that cannot be had, and Unreachable.
    """
    before = (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    pins = [*map(str, base.values()), *map(str, pinned)]
    aged = ["--exclude-newer", before]
    aged += [word for name in (*base, *free) for word in ("--exclude-newer-package", f"{name}={_ALWAYS}")]
    code, out, err = _compile(wanted, pins, aged)
    if code == 0:
        return tuple(one for name, one in read_lock(out).items() if name not in base)
    if not _UNREACHABLE.search(err) and days and _compile(wanted, pins, [])[0] == 0:
        raise Refused(
            f"{_named(wanted)}: every release that would fit was published less than {days} days ago; "
            f"ask for an older one, or for a package that is older"
        )
    raise _failure(wanted, err)


def unpack(packages: Iterable[Locked], folder: Path, interpreter: str) -> None:
    """Unpack the wheels of these packages into a folder; their hashes are checked. Raises Refused and Unreachable."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as lock:
        lock.write(write_lock(packages))
        lock.flush()
        code, _, err = run_uv(
            *("pip", "install", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:"),
            *("--python", interpreter, "--target", str(folder), "--link-mode", "copy", "--requirements", lock.name),
        )
    if code != 0:
        raise _failure([Requirement(str(one)) for one in packages], err)


def _compile(wanted: Sequence[Requirement], pins: Sequence[str], options: Sequence[str]) -> tuple[int, str, str]:
    with scratch_folder("resolve") as folder:
        asked, constraints = folder / "asked.in", folder / "constraints.txt"
        asked.write_text("\n".join(map(str, wanted)) + "\n", encoding="utf-8")
        constraints.write_text("\n".join(pins) + "\n", encoding="utf-8")
        return run_uv(
            *("pip", "compile", "--quiet", "--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url"),
            # The interpreter is named, because uv would otherwise try to download one that fits the version.
            *("--python", base_interpreter(), "--no-python-downloads"),
            *("--universal", "--python-version", "3.12", "--only-binary", ":all:"),
            *("--constraints", str(constraints), *options, str(asked)),
        )


def _failure(wanted: Sequence[Requirement], err: str) -> Refused | Unreachable:
    said = " ".join(err.split())
    if _UNREACHABLE.search(said):
        return Unreachable(
            f"{_named(wanted)}: the package index cannot be reached, so nothing can be added now; check the network, "
            f"the proxy variables, and `UV_DEFAULT_INDEX` where a mirror is used ({said[:_WORDS]})"
        )
    if unknown := _UNKNOWN.search(said):
        return Refused(f"{unknown[1]}: there is no such package; look at the spelling ({said[:_WORDS]})")
    if _NO_WHEEL.search(said):
        return Refused(
            f"{_named(wanted)}: has no wheel for this platform; sources are not built, because that runs their code; "
            f"choose a package or a version that has wheels ({said[:_WORDS]})"
        )
    return Refused(f"{_named(wanted)}: does not fit with what the service runs on: {said[:_WORDS]}")


def _named(wanted: Sequence[Requirement]) -> str:
    return ", ".join(map(str, wanted))
