"""Every defect that was chosen, several at a time, each remembered when it is done."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import agent
import tools
from agent.errors import InputError
from agent.orchestrator.stopping import stoppable
from agent.places import cache_folder, runs_folder
from agent.stacks.registry import stack_named
from agent.workspace.toolchain import build_toolchain
from evals.defects.collection import Defect, all_defects
from evals.defects.judging import Finding, Judged, Steady, judge_defect, judge_good
from evals.defects.services import SERVICES, Opened, opened, service_named
from evals.remembering import Memory, code_of, content_of
from tools.scratch import scratch_folder


@dataclass(frozen=True, slots=True)
class Choice:
    """Which defects, and how."""

    rules: frozenset[str] = frozenset()
    """Only defects that one of these has to notice; empty: all."""
    services: tuple[str, ...] = ()
    """Only those of these services; empty: all."""
    jobs: int = 1
    """Defects that are judged at the same time."""
    again: bool = False
    """Judge those too that were judged on this very code before."""


Progress = Callable[[Judged | Steady, int, int], None]
"""Told of each verdict, how many there are now, and how many there will be."""


def chosen(choice: Choice) -> tuple[Defect, ...]:
    """The defects of a choice. Raises InputError where there is none."""
    names = [service_named(name).name for name in choice.services] or list(SERVICES)
    found = [one for one in all_defects() if one.service in names and (not choice.rules or one.rules & choice.rules)]
    if not found:
        raise InputError(f"no defect is seeded in {', '.join(names)} for {', '.join(sorted(choice.rules)) or 'a rule'}")
    return tuple(found)


def evaluate(choice: Choice, progress: Progress) -> tuple[Judged, ...]:
    """Judge every chosen defect; what an interrupted evaluation has judged on the same code is not judged again.

    Raises InputError, MissingDependency and KeyboardInterrupt; what was judged until then is remembered.
    """
    defects, memory = chosen(choice), Memory(runs_folder().parent / "evals" / "defects.jsonl", Judged)
    known = {} if choice.again else memory.read()
    code = code_of(agent, tools)  # everything that judges, and what the blueprint writes
    keys = {one.name: _key(one, code) for one in defects}
    done = {one.name: known[keys[one.name]] for one in defects if keys[one.name] in known}

    def note(judged: Judged) -> None:
        memory.add(judged)
        done[judged.defect] = judged
        progress(judged, len(done), len(defects))

    left = [one for one in defects if one.name not in done]
    with stoppable(), scratch_folder("eval") as scratch:
        toolchain = _toolchain()
        for service in {one.service: None for one in left}:
            with opened(service_named(service), scratch) as good:
                mine = [one for one in left if one.service == service]
                asyncio.run(_all(mine, keys, good, toolchain, choice.jobs, note))
    return tuple(done[one.name] for one in defects)


def steady(
    services: Sequence[str], runs: int, rules: Collection[str], progress: Progress, tell: Finding
) -> tuple[Steady, ...]:
    """Judge each good service so often, every time with values made up anew. Raises as `evaluate` does.

    Each finding is told when it is made: a round that is cut off has not looked in vain.
    """
    done: list[Steady] = []
    names = [service_named(name).name for name in services] or list(SERVICES)
    with stoppable(), scratch_folder("eval") as scratch:
        toolchain = _toolchain()
        for name in names:
            with opened(service_named(name), scratch) as good:
                for _ in range(runs):
                    done.append(asyncio.run(judge_good(good, toolchain, rules, tell)))
                    progress(done[-1], len(done), runs * len(names))
    return tuple(done)


async def _all(
    defects: Sequence[Defect],
    keys: dict[str, str],
    good: Opened,
    toolchain: Path,
    jobs: int,
    note: Callable[[Judged], None],
) -> None:
    seats = asyncio.Semaphore(jobs)

    async def one(defect: Defect) -> None:
        async with seats:
            note(await judge_defect(defect, keys[defect.name], good, toolchain))

    async with asyncio.TaskGroup() as group:
        for defect in defects:
            group.create_task(one(defect))


def _toolchain() -> Path:
    return build_toolchain(stack_named("python-fastapi").toolchain_lock(), cache_folder() / "toolchains")


def _key(defect: Defect, code: str) -> str:
    parts = [
        code,
        defect.name,
        repr(defect.patches),
        *sorted(defect.noticed),
        content_of(folder) if (folder := SERVICES[defect.service].folder) else "",
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
