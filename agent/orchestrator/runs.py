"""The folders of runs: made, found, listed. Each holds the journal, copies of the inputs, the reports and caches."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

from agent.errors import RunNotFound
from agent.journal.recording import FILE_NAME
from agent.places import runs_folder, verifications_folder

_MOST = 100_000


def new_run(slug: str) -> Path:
    """An empty folder for a new run, named `slug-1`, `slug-2`, ...; two processes never get the same."""
    return _new_folder(runs_folder(), slug)


def new_verification(slug: str) -> Path:
    """An empty folder for the reports of a verification, named like those of runs."""
    return _new_folder(verifications_folder(), slug)


def _new_folder(folder: Path, slug: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(_next_number(folder, slug), _MOST):
        try:
            (folder / f"{slug}-{number}").mkdir()
        except FileExistsError:
            continue
        return folder / f"{slug}-{number}"
    raise RunNotFound(f"{folder} holds too many runs of {slug}; remove some")


def find_run(name: str) -> Path:
    """The folder of the run of that name. Raises RunNotFound, naming the nearest."""
    folder = runs_folder() / name
    if name and "/" not in name and (folder / FILE_NAME).exists():
        return folder
    near = difflib.get_close_matches(name, [run.name for run in all_runs()], n=3)
    hint = f"; did you mean {' or '.join(near)}?" if near else "; `agent runs` lists them"
    raise RunNotFound(f"no run is named {name!r}{hint}")


def run_folder(name: str) -> Path | None:
    """The folder of the run of that name, None when there is none."""
    folder = runs_folder() / name
    return folder if name and (folder / FILE_NAME).exists() else None


def all_runs() -> Iterator[Path]:
    """The folders of all runs that got as far as a journal, the newest first."""
    folder = runs_folder()
    runs = [path.parent for path in folder.glob(f"*/{FILE_NAME}")]
    yield from sorted(runs, key=lambda run: (run / FILE_NAME).stat().st_mtime, reverse=True)


def _next_number(folder: Path, slug: str) -> int:
    numbers = [path.name.rpartition("-")[2] for path in folder.glob(f"{slug}-*") if path.name.startswith(f"{slug}-")]
    return max((int(number) for number in numbers if number.isdecimal()), default=0) + 1
