"""Every contestant at every hole that was chosen, as often as wanted; each outcome is remembered when it is known."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import agent
import evals.holes
import prompts
import tools
from agent.errors import InputError
from agent.orchestrator.stopping import stoppable
from agent.places import cache_folder, runs_folder
from agent.stacks.registry import stack_named
from agent.workspace.toolchain import build_toolchain
from evals.holes.collection import Hole, Level, holes_named
from evals.holes.contestants import Contestant, Left, Terms
from evals.holes.judging import Asked, judge
from evals.holes.peers import AIDER, MINI
from evals.holes.request import ask_plainly
from evals.holes.runtime import run_ourselves
from evals.holes.starting import STACK, started
from evals.remembering import Keyed, Memory, code_of
from tools.sandbox.base import SandboxChoice
from tools.scratch import scratch_folder

OURS = "runtime"
CONTESTANTS: Mapping[str, Contestant] = {
    OURS: run_ourselves,
    "request": ask_plainly,
    "mini-swe-agent": MINI,
    "aider": AIDER,
}


class Outcome(Keyed):
    """What came of one contestant at one hole, once."""

    contestant: str
    hole: str
    level: Level
    round: int
    filled: bool
    """All hidden tests passed."""
    passed: int
    """Of the hidden tests."""
    tests: int
    claimed: bool
    """The contestant says that it is filled."""
    open: tuple[str, ...]
    """What the contestant's own report leaves open about the operation; ours alone has one."""
    seconds: float
    requests: int
    input_tokens: int
    output_tokens: int
    said: str
    failed: tuple[str, ...]
    """What the hidden tests found."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Who, at what, and how."""

    model: str
    contestants: tuple[str, ...] = ()
    """Empty: all."""
    holes: tuple[str, ...] = ()
    """Names, services or levels; empty: all."""
    rounds: int = 1
    minutes: float = 10.0
    sandbox: SandboxChoice = "auto"
    again: bool = False
    """Measure those too that are known already."""


Progress = Callable[[Outcome, int, int], None]
"""Told of each outcome, how many there are now, and how many there will be."""


@dataclass(frozen=True, slots=True)
class _Try:
    """One contestant at one hole in one round."""

    contestant: str
    hole: Hole
    round: int
    key: str


def evaluate(choice: Choice, progress: Progress) -> tuple[Outcome, ...]:
    """Let every chosen contestant fill every chosen hole; what is known of the same code and terms is not done again.

    Raises InputError, MissingDependency and KeyboardInterrupt; what was measured until then is remembered.
    """
    memory = Memory(runs_folder().parent / "evals" / "holes.jsonl", Outcome)
    known = {} if choice.again else memory.read()
    tries = tuple(_tries(choice))
    done = {one.key: known[one.key] for one in tries if one.key in known}
    with stoppable():
        for one in tries:
            if one.key not in done:
                done[one.key] = _measured(one, choice)
                memory.add(done[one.key])
                progress(done[one.key], len(done), len(tries))
    return tuple(done[one.key] for one in tries)


def _tries(choice: Choice) -> Iterator[_Try]:
    """Round by round, so that an evaluation that is cut off has measured everybody alike."""
    if unknown := [name for name in choice.contestants if name not in CONTESTANTS]:
        raise InputError(f"there is no contestant {', '.join(unknown)}; there are {', '.join(CONTESTANTS)}")
    code = code_of(agent, prompts, tools, evals.holes)  # the starting tree and the judge are ours, too
    for number in range(1, choice.rounds + 1):
        for hole in holes_named(choice.holes):
            for name in choice.contestants or CONTESTANTS:
                parts = (code, hole.name, name, str(number), choice.model, str(choice.minutes), choice.sandbox)
                yield _Try(name, hole, number, hashlib.sha256("\0".join(parts).encode()).hexdigest())


def _measured(one: _Try, choice: Choice) -> Outcome:
    toolchain = build_toolchain(stack_named(STACK).toolchain_lock(), cache_folder() / "toolchains")
    terms = Terms(choice.model, choice.minutes, toolchain, choice.sandbox)
    with scratch_folder("filled") as folder, started(one.hole) as begun:
        left = CONTESTANTS[one.contestant](begun, terms, folder)
        asked = asyncio.run(judge(begun, folder, toolchain, choice.sandbox))
    return _outcome(one, left, asked)


def _outcome(one: _Try, left: Left, asked: Asked) -> Outcome:
    return Outcome(
        key=one.key,
        contestant=one.contestant,
        hole=one.hole.name,
        level=one.hole.level,
        round=one.round,
        filled=asked.filled,
        passed=len(asked.passed),
        tests=len(one.hole.behaviours),
        claimed=left.claimed,
        open=left.open,
        seconds=round(left.seconds, 1),
        requests=left.requests,
        input_tokens=left.input_tokens,
        output_tokens=left.output_tokens,
        said=left.said,
        failed=asked.failed,
    )
