"""Seconds until a model that edited a file is told what linter and type checker say of it.

    uv run python -m evals.bench.edits [--example helpdesk] [--times 5]

The blueprint writes the service of an example. Then the largest file of each kind is written again and again by the
model's own tool, each time with another line at its end. `commands` is the slower of linter and type checker, which run
side by side in the sandbox; `around` is what the runtime does besides, `own processor` what it uses of one. mypy
has seen the whole service before, as in a run that was verified. Exit code 1 where an edit took two seconds or more, or
was not wholly checked.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from pydantic_ai import RunContext, RunUsage
from pydantic_ai.models.test import TestModel

from agent.developer.toolbox import Toolbox, read_file, write_file
from agent.stacks.base import DatabaseAccess
from agent.stacks.python_fastapi.stack import PythonFastapi
from agent.workspace.model import Workspace
from agent.workspace.worktree import GitWorkspace
from evals.bench.prompt_cost import at_work, scaffolded
from evals.bench.stages import machine
from tools.files import Files
from tools.reports import ToolReport

AIM = 2.0
"""Seconds."""
_EXAMPLES = Path(__file__).parents[2] / "examples"
_KINDS = ("src/services/", "src/repositories/", "src/", "tests/unit/", "tests/integration/")
_LATE = "not wholly checked"


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit of one file."""

    path: str
    seconds: float
    commands: float
    processor: float
    """Seconds that the runtime itself used."""
    late: bool
    """Something of it was left to `check`."""


@dataclass
class Noting(PythonFastapi):
    """The stack, with a note of how long its quick checks took."""

    seconds: list[float] = field(default_factory=list)

    async def check_file(self, workspace: Workspace, path: str, *, seconds: float) -> ToolReport:
        """The stack's own."""
        report = await super().check_file(workspace, path, seconds=seconds)
        self.seconds.append(report.seconds)
        return report


async def edited(workspace: GitWorkspace, times: int) -> list[Edit]:
    """The largest file of each kind, so many times each."""
    stack = Noting()
    await stack.check_types(workspace)
    bench = Toolbox(workspace, stack, Files(workspace.root, check=stack.syntax_error), _no_database)
    context: RunContext[Toolbox] = RunContext(deps=bench, model=TestModel(), usage=RunUsage())
    edits: list[Edit] = []
    for path in largest(workspace.read()):
        await read_file(context, path)
        content = bench.files.text(path)
        for number in range(times):
            began, used = time.monotonic(), time.process_time()
            told = await write_file(context, path, f"{content}\n# {number}\n")
            seconds = time.monotonic() - began
            edits.append(Edit(path, seconds, stack.seconds[-1], time.process_time() - used, _LATE in told))
    return edits


def largest(files: Mapping[str, str]) -> list[str]:
    """Of each kind of file the one with the most to check."""
    found = (
        max(
            (path for path in files if path.startswith(kind) and path.endswith(".py")),
            key=lambda path: len(files[path]),
        )
        for kind in _KINDS
    )
    return list(dict.fromkeys(found))


def _no_database() -> AbstractAsyncContextManager[DatabaseAccess]:
    raise RuntimeError("no edit asks for a database")


def measured(example: Path, times: int, folder: Path) -> list[Edit]:
    """In an empty folder."""
    document = yaml.safe_load((example / "openapi.yaml").read_text())
    (folder / "openapi.json").write_text(json.dumps(document, default=str))
    shutil.copy(example / "schema.sql", folder)
    task = folder / "task.json"
    task.write_text(json.dumps({"title": example.name, "api": "openapi.json", "schema": "schema.sql"}))

    async def all_of_it() -> list[Edit]:
        await scaffolded(session, workspace)
        return await edited(workspace, times)

    with at_work(task, folder) as (session, workspace):
        return asyncio.run(all_of_it())


def table(edits: Sequence[Edit]) -> str:
    """The figures as Markdown."""
    rows = [
        "| file | median, s | slowest, s | commands, s | around, s | own processor, s | not wholly checked |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for path in dict.fromkeys(edit.path for edit in edits):
        mine = [edit for edit in edits if edit.path == path]
        medians = [statistics.median(each) for each in _columns(mine)]
        shown = " | ".join(f"{value:.2f}" for value in (medians[0], max(edit.seconds for edit in mine), *medians[1:]))
        rows.append(f"| {path} | {shown} | {sum(edit.late for edit in mine)} of {len(mine)} |")
    return "\n".join(rows)


def _columns(edits: Sequence[Edit]) -> Iterator[list[float]]:
    yield [edit.seconds for edit in edits]
    yield [edit.commands for edit in edits]
    yield [edit.seconds - edit.commands for edit in edits]
    yield [edit.processor for edit in edits]


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--example", default="bookshop", choices=["bookshop", "helpdesk"])
    parser.add_argument("--times", type=int, default=5, help="edits of each file")
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory(prefix="agent-bench-") as folder:
        edits = measured(_EXAMPLES / options.example, options.times, Path(folder))
    print(f"\n{table(edits)}\n\nload after {os.getloadavg()[0]:.1f}")
    raise SystemExit(any(edit.late or edit.seconds >= AIM for edit in edits))


if __name__ == "__main__":
    main()
