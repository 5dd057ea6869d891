"""Where the processor seconds of a run go: one row for each kind of process that it starts, and for PostgreSQL.

    uv run python -m evals.bench.processor [-- COMMAND...]

Without a COMMAND the bookshop is run offline, into a folder of its own. On a machine that others use, seconds of the
clock say little; those of the processor stay nearly the same. They are read from /proc twenty times a second, so what a
process uses in its last moments is missing, and a process that lives shorter than that is not seen.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from evals.bench.stages import machine

_BOOKSHOP = Path(__file__).parents[2] / "examples" / "bookshop" / "task.yaml"
_TICKS = os.sysconf("SC_CLK_TCK")
_EVERY = 0.05
_KINDS = (
    ("fuzzing_apart", "fuzzing"),
    ("run_recorded.py", "the workspace's tests"),
    ("watched.py", "the service, watched"),
    ("uvicorn", "the service"),
    ("alembic", "migrations"),
    ("describe.py", "describing the service"),
    ("mypy", "mypy"),
    ("ruff", "ruff"),
    ("valkey", "Valkey"),
    ("git ", "git"),
    ("postgres", "PostgreSQL"),
    ("agent", "the runtime"),
)
"""Part of a command line → the kind of process; the first that fits counts."""
_STARTERS = ("sh", "bwrap", "setpriv")
"""Programs whose command line goes on with that of another one."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A process as it was last seen."""

    parent: int
    began: float
    """Seconds since the machine started."""
    seconds: float
    """Of the processor, user and system; of its children none."""
    command: str


def processes() -> Mapping[int, Seen]:
    """All processes of this machine."""
    found = ((int(entry.name), _seen(entry)) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return {number: seen for number, seen in found if seen is not None}


def _seen(folder: Path) -> Seen | None:
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return None
    return Seen(int(fields[1]), int(fields[19]) / _TICKS, (int(fields[11]) + int(fields[12])) / _TICKS, command)


def beneath(root: int, all_of_them: Mapping[int, Seen]) -> set[int]:
    """A process and everything that it started."""
    found, before = {root}, 0
    while len(found) > before:
        before = len(found)
        found |= {number for number, one in all_of_them.items() if one.parent in found}
    return found


def kind_of(command: str) -> str:
    """What a command line is counted as."""
    if Path(command.partition(" ")[0]).name in _STARTERS:
        return "starting sandboxes"
    return next((kind for part, kind in _KINDS if part in command), "other")


def watched(command: list[str]) -> tuple[dict[tuple[int, float], Seen], dict[tuple[int, float], float], float]:
    """Run a command: each process at its last sight, what it had used before the command began, and the duration."""
    before = {(number, one.began): one.seconds for number, one in processes().items()}
    began = time.monotonic()
    started = subprocess.Popen(command)
    seen: dict[tuple[int, float], Seen] = {}
    while started.poll() is None:
        now = processes()
        ours = beneath(started.pid, now)
        for number, one in now.items():
            known = (number, one.began) in seen  # a process whose parent has ended stays ours
            if known or number in ours or "postgres" in one.command:
                # Once it has ended, its command line is empty.
                last = seen.get((number, one.began), one)
                seen[number, one.began] = one if one.command else replace(one, command=last.command)
        time.sleep(_EVERY)
    return seen, before, time.monotonic() - began


def rows(seen: Mapping[tuple[int, float], Seen], before: Mapping[tuple[int, float], float]) -> Iterable[str]:
    """Markdown: kind, how many processes, their processor seconds, and the dearest of them."""
    used: dict[str, list[float]] = {}
    for key, one in seen.items():
        used.setdefault(kind_of(one.command), []).append(one.seconds - before.get(key, 0.0))
    for kind, seconds in sorted(used.items(), key=lambda item: -sum(item[1])):
        some = sorted((one for one in seconds if one >= 0.05), reverse=True)
        shown = ", ".join(f"{one:.1f}" for one in some[:8])
        yield f"| {kind} | {len(seconds)} | {sum(seconds):.1f} | {shown} |"


def main() -> None:
    """Run the command and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", nargs="*")
    given = parser.parse_args().command
    print(machine())
    with tempfile.TemporaryDirectory(prefix="agent-bench-") as folder:
        run = [str(Path(sys.executable).with_name("agent")), "run", str(_BOOKSHOP), "--out", f"{folder}/out"]
        seen, before, duration = watched(given or [*run, "--model", "offline"])
    total = sum(one.seconds - before.get(key, 0.0) for key, one in seen.items())
    print("\n| process | how many | processor, s | the dearest, s |\n|---|---:|---:|---|")
    print("\n".join(rows(seen, before)))
    print(f"| all | {len(seen)} | {total:.1f} | {duration:.1f} s by the clock |")


if __name__ == "__main__":
    main()
