"""Prompt tokens for each function to write, in services of 5, 50 and 200 operations.

    uv run python -m evals.bench.prompt_cost [--asked 5]

A service is one module (four operations that are derived, and one that a model has to write) as often as it takes, each
time about something else. Of its functions to write, `--asked` are given to a scripted model, one assignment each, over
the strict local server: it looks around, writes the function, checks it, runs its tests. Tools, sandbox and checks are
real. What is missing of a run is the verification before it: the assignments hold no failed obligations.

Tokens are a quarter of the characters that were sent. The server bills by the longest common prefix with the request
before, as a local one with a single slot does. Exit code 1 where an aim is missed: less than 15 % between the dearest
and the cheapest service, and 90 % of what is sent after an assignment's first request read from the cache.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from agent.developer.allowance import Allowance
from agent.journal.events import Assignment, AssignmentGiven, ModelAnswered, OpenHole, Scaffolded, Usage
from agent.journal.recording import Journal
from agent.loop.assignments import every_assignment
from agent.loop.moves import Work
from agent.loop.state import state_of
from agent.orchestrator.development import develop
from agent.orchestrator.driver import open_hole
from agent.orchestrator.inputs import reading
from agent.orchestrator.opening import open_workspace
from agent.orchestrator.options import RunOptions, silent
from agent.orchestrator.record import RunRecord
from agent.orchestrator.session import Session
from agent.receipts import Verdict
from agent.task.loading import load_task
from agent.workspace.worktree import GitWorkspace
from evals.bench.stages import machine
from tests.wire.server import Asked, Call, Say, Turn, anthropic_server
from tests.wire.validation import blocks

SIZES = (5, 50, 200)
"""Operations."""
SPREAD = 0.15
CACHED = 0.9
_MODULE = Path(__file__).with_name("module")
_OPERATIONS = 5
"""Of one module."""
MODEL = "anthropic:claude-sonnet-5-5"
_HOLE = re.compile(r"`src\.services\.(?P<many>\w+)\.(?P<type>\w+)Service\.(?P<name>summarise_(?P<one>\w+))`")
_THINGS = (_MODULE / "things.txt").read_text().split()


@dataclass(frozen=True, slots=True)
class Figures:
    """What the functions of one service cost."""

    operations: int
    holes: int
    """All that the service has."""
    assignments: tuple[tuple[Usage, ...], ...]
    """Of each that was given, what each request cost."""
    written: int
    """How many of them the model filled."""

    @property
    def each(self) -> float:
        """Prompt tokens for one function, all requests together."""
        return sum(usage.input_tokens for usages in self.assignments for usage in usages) / len(self.assignments)

    @property
    def first(self) -> float:
        """Prompt tokens of an assignment's first request."""
        return sum(usages[0].input_tokens for usages in self.assignments) / len(self.assignments)

    @property
    def cached(self) -> float:
        """Share of what was sent after the first requests that was read from the cache."""
        later = [usage for usages in self.assignments for usage in usages[1:]]
        return sum(usage.cache_read_tokens for usage in later) / sum(usage.input_tokens for usage in later)


@dataclass
class Billing:
    """Bills a request by the longest common prefix with the one before."""

    before: str = ""

    def __call__(self, body: dict[str, Any]) -> dict[str, int]:
        text = "".join(_flat(body))
        read = len(os.path.commonprefix([self.before, text])) // 4
        self.before = text
        return {
            "input_tokens": len(text) // 4 - read,
            "cache_read_input_tokens": read,
            "cache_creation_input_tokens": 0,
            "output_tokens": 100,
        }


def _flat(body: dict[str, Any]) -> Iterator[str]:
    """What a model reads, in its order, without the marks where a cache may begin."""
    parts = [*body.get("tools", ()), *blocks(body.get("system", []))]
    parts += [{**block, "role": one["role"]} for one in body["messages"] for block in blocks(one["content"])]
    for part in parts:
        yield json.dumps({key: value for key, value in part.items() if key != "cache_control"})


def play(asked: Asked) -> Turn:
    """A model that does what there is to do, the shortest way that a careful one would take."""
    found = _HOLE.search(asked.opening)
    assert found, asked.opening[:500]
    many, one = found["many"], found["one"]
    source = (
        f"async def {found['name']}(self, *, id: UUID) -> {found['type']}:\n"
        f'    """Say in one sentence what a {one} says."""\n'
        f"    row = await self._{many}.find_by_id(id)\n"
        "    if row is None:\n        raise NotFound\n"
        f"    return {found['type']}.model_validate(_{one}(row))\n"
    )
    turns: list[Turn] = [
        [Call("list_files", {"folder": "src"})],
        [Call("read_file", {"path": f"src/repositories/{many}.py"})],
        [Call("search_files", {"pattern": f"class {found['type']}\\b", "folder": "src"})],
        [Call("replace_function", {"name": found[0].strip("`"), "source": source})],
        [Call("check", {})],
        [Call("run_tests", {"only": [f"tests/unit/test_{many}_service.py"]})],
    ]
    return turns[asked.turn] if asked.turn < len(turns) else [Say("It is written.")]


def measured(operations: int, asked: int, folder: Path) -> Figures:
    """One service; `folder` is empty."""
    task = write_service(operations // _OPERATIONS, folder)
    with anthropic_server(play, Billing()) as server:
        os.environ |= {"ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": "a-key"}
        with at_work(task, folder) as (session, workspace):
            figures = asyncio.run(_asked(session, workspace, asked))
        assert not server.refused, server.refused
    return figures


@contextmanager
def at_work(task: Path, folder: Path) -> Iterator[tuple[Session, GitWorkspace]]:
    """A run that has its workspace; the blueprint has not written yet."""
    record = RunRecord.of(load_task(task), RunOptions(models=(MODEL,), out=folder / "service"))
    with reading(folder / "openapi.json", [folder / "schema.sql"], record.stack, silent) as inputs:
        session = Session(folder, record, inputs, Journal(folder), silent)
        workspace = open_workspace(session)
        with closing(workspace.sandbox), closing(session.journal):
            yield session, workspace


async def scaffolded(session: Session, workspace: GitWorkspace) -> tuple[OpenHole, ...]:
    """Let the blueprint write, as a run begins; gives what it leaves open."""
    inputs = session.inputs
    scaffold = inputs.stack.scaffold(inputs.contract, inputs.catalog, inputs.binding, session.record.title)
    workspace.write(scaffold.files)
    await inputs.stack.format(workspace)
    commit, holes = workspace.commit("Write the service") or "", tuple(map(open_hole, scaffold.holes))
    session.happened(Scaffolded(commit=commit, files=len(scaffold.files), holes=holes, seconds=0))
    return holes


async def _asked(session: Session, workspace: GitWorkspace, most: int) -> Figures:
    inputs, holes = session.inputs, await scaffolded(session, workspace)
    assignments = every_assignment(Verdict(tree=workspace.tree(), receipts=()), holes)
    chosen = assignments[:: max(1, len(assignments) // most)][:most]
    usages = [await _worked(session, workspace, one) for one in chosen]
    left = len(inputs.stack.open_holes(workspace.read()))
    return Figures(len(inputs.contract.operations), len(holes), tuple(usages), len(holes) - left)


async def _worked(session: Session, workspace: GitWorkspace, assignment: Assignment) -> tuple[Usage, ...]:
    """What each request of an assignment cost."""
    session.happened(AssignmentGiven(assignment=assignment))
    before = len(session.journal.events)
    worked = await develop(session, workspace, state_of(session.journal.events), Work(assignment), Allowance())
    assert not worked.failure, worked.failure
    return tuple(one.usage for one in session.journal.events[before:] if isinstance(one, ModelAnswered))


def write_service(modules: int, folder: Path) -> Path:
    """Write task, document and schema of a service of so many modules."""
    document, schema = ((_MODULE / name).read_text() for name in ("openapi.yaml", "schema.sql"))
    named = [yaml.safe_load(_about(document, thing)) for thing in _THINGS[:modules]]
    for one in named[1:]:
        named[0]["paths"] |= one["paths"]
        named[0]["components"]["schemas"] |= one["components"]["schemas"]
    (folder / "openapi.json").write_text(json.dumps(named[0]))
    (folder / "schema.sql").write_text("\n".join(_about(schema, thing) for thing in _THINGS[:modules]))
    task = folder / "task.json"
    task.write_text(json.dumps({"title": "Things", "api": "openapi.json", "schema": "schema.sql"}))
    return task


def _about(text: str, thing: str) -> str:
    return text.replace("note", thing).replace("Note", thing.capitalize())


def table(found: Sequence[Figures]) -> str:
    """The figures as Markdown."""
    head = (
        "| operations | functions to write | asked | prompt tokens each | of the first request | cache reads after it |"
    )
    rows = [
        f"| {one.operations} | {one.holes} | {len(one.assignments)} | {one.each:.0f} | {one.first:.0f} "
        f"| {100 * one.cached:.1f} % |"
        for one in found
    ]
    return "\n".join([head, "|---:|---:|---:|---:|---:|---:|", *rows])


def main() -> None:
    """Measure every size, print the table, and say whether the aims are met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--asked", type=int, default=5, help="functions to write of each service that are asked for")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="operations of the services")
    options = parser.parse_args()
    print(machine())
    found: list[Figures] = []
    for size in options.sizes:
        with tempfile.TemporaryDirectory(prefix="agent-bench-") as folder:
            found.append(measured(size, options.asked, Path(folder)))
        print(f"{size} operations: {found[-1].written} of {len(found[-1].assignments)} written", flush=True)
    spread = max(one.each for one in found) / min(one.each for one in found) - 1
    print(f"\n{table(found)}\n\nspread: {100 * spread:.1f} % (aim: less than {100 * SPREAD:.0f} %)")
    raise SystemExit(spread >= SPREAD or any(one.cached < CACHED for one in found))


if __name__ == "__main__":
    main()
