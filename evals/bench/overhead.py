"""Processor time of one model step, of the runtime itself and of two other agents, with a model that answers at once.

    uv run python -m evals.bench.overhead [--steps 100] [--only runtime]

A step is one request, one answer, and what the answer asks for: by turns a small text file is written and read. The
model is a local server that answers at once, in another process than the agent; it notes at each request what the
agent's process has used of the processor (`/proc/PID/stat`), so that starting, imports and the first request are left
out. Programs that an agent starts (a shell, git) are counted apart. `runtime, code` edits a Python file each second
step, which brings what linter and type checker say of it; `pydantic-ai alone` is the library that ours is built on,
with the same persona, two tools and nothing else. Agents keep their conversations as they do: ours and the library
begin a new one after 40 requests.

Exit code 1 where the runtime itself takes 10 ms or more a step, or somebody did not make his steps.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evals.bench.stages import machine
from evals.holes.peers import AIDER, MINI, environment_of
from tests.wire.server import Asked, Call, Say, Turn, anthropic_server

AIM = 10.0
"""Milliseconds of the processor."""
MODEL = "claude-sonnet-5-5"
_TICKS = os.sysconf("SC_CLK_TCK")
_SECONDS = 400


@dataclass(frozen=True, slots=True)
class Used:
    """Seconds of the processor, user and system."""

    itself: float
    started: float
    """By programs that it started and waited for."""


def used_by(process: int) -> Used:
    """What a process has used until now; nothing where it is gone."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return Used(0.0, 0.0)
    user, system, of_user, of_system = (int(one) / _TICKS for one in fields[11:15])
    return Used(user + system, of_user + of_system)


@dataclass(frozen=True, slots=True)
class Agent:
    """One of those that are measured."""

    name: str
    play: Callable[[Asked, int], Turn]
    """Given what was asked and the number of the step, from 0: what the model answers."""
    command: Callable[[Path, int], Sequence[str]]
    """In an empty folder, for so many steps."""
    said: Callable[[int], str] = lambda _: ""
    """What it reads from its standard input."""


@dataclass
class Noting:
    """Answers as the agent's model would, and notes what the agent had used at each request."""

    agent: Agent
    steps: int
    process: int = 0
    used: list[Used] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Turn:
        number = len(self.used)
        self.used.append(used_by(self.process))
        return self.agent.play(asked, number) if number < self.steps else end()


def end() -> Turn:
    """The model has nothing more to do."""
    return [Say("```mswea_bash_command\necho COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT\n```")]


def ours(_: Asked, number: int) -> Turn:
    """Our own tools."""
    path = f"notes/{number // 2}.txt"
    if number % 2:
        return [Call("read_file", {"path": path})]
    return [Call("write_file", {"path": path, "content": f"This is step {number}.\n"})]


def ours_code(asked: Asked, number: int) -> Turn:
    """Our own tools, on a file that linter and type checker look at."""
    path, before = "src/step.py", number // 2 - 1
    if not number:
        return [Call("write_file", {"path": path, "content": "STEP = 0\n"})]
    if number % 2 or asked.turn == 0:  # a new conversation has to read it first
        return [Call("read_file", {"path": path, "last_line": number})]
    return [Call("edit_file", {"path": path, "old": "STEP = ", "new": f"# step {before}\nSTEP = "})]


def minis(_: Asked, number: int) -> Turn:
    """A shell, asked for in a block: its settings for models that cannot call tools, as the other ones want `mcp`."""
    path = f"notes/{number // 2}.txt"
    command = f"cat {path}" if number % 2 else f"mkdir -p notes && echo 'This is step {number}.' > {path}"
    return [Say(f"Next.\n\n```mswea_bash_command\n{command}\n```")]


def aiders(_: Asked, number: int) -> Turn:
    """No tools: what it answers is put into the files, and what it was told is in the chat already."""
    if number % 2:
        return [Say("It says which step it is.")]
    return [Say(f"notes/{number // 2}.txt\n```\nThis is step {number}.\n```\n")]


def _mini(folder: Path, steps: int) -> Sequence[str]:
    del steps
    place = environment_of(MINI.package)
    textual = ("-c", "mini_textbased.yaml", "--model-class", "litellm_textbased")
    asked = (*textual, "-m", f"anthropic/{MODEL}", "-o", str(folder / "mini.json"), "-t", "Write and read notes.")
    return (f"{place}/bin/mini", "--yolo", "--exit-immediately", "--cost-limit", "0", *asked)


def _aider(folder: Path, steps: int) -> Sequence[str]:
    del folder, steps
    quiet = ("--no-stream", "--no-pretty", "--no-check-update", "--analytics-disable", "--no-show-model-warnings")
    plain = ("--no-git", "--no-gitignore", "--no-detect-urls", "--no-fancy-input", "--edit-format", "whole")
    return (
        f"{environment_of(AIDER.package)}/bin/aider",
        "--yes-always",
        *quiet,
        *plain,
        "--model",
        f"anthropic/{MODEL}",
    )


def _runtime(folder: Path, steps: int) -> Sequence[str]:
    return (sys.executable, "-m", "evals.bench.stepping", str(folder), str(steps))


def _library(folder: Path, steps: int) -> Sequence[str]:
    return (*_runtime(folder, steps), "library")


_OURS = (ours, ours_code)
AGENTS = (
    Agent("runtime", ours, _runtime),
    Agent("runtime, code", ours_code, _runtime),
    Agent("pydantic-ai alone", ours, _library),
    Agent(MINI.package, minis, _mini),
    Agent(AIDER.package, aiders, _aider, lambda steps: "".join(f"Do step {one}.\n" for one in range(steps))),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What the steps of one agent took."""

    name: str
    used: Sequence[Used]
    """At each request, the one after the last step included."""
    ended: str = ""
    """What it said last, where it did not make its steps."""

    def milliseconds(self, first: int, last: int) -> float:
        """Of a step between these requests, the process itself."""
        return 1_000 * (self.used[last].itself - self.used[first].itself) / (last - first)

    @property
    def started(self) -> float:
        """Milliseconds a step of the programs that it started."""
        return 1_000 * (self.used[-1].started - self.used[0].started) / (len(self.used) - 1)

    def row(self) -> str:
        """Its line of the table."""
        steps = len(self.used) - 1
        all_of_them, half = self.milliseconds(0, steps), steps // 2
        halves = f"{self.milliseconds(0, half):.1f} | {self.milliseconds(half, steps):.1f}"
        return f"| {self.name} | {steps} | {all_of_them:.1f} | {halves} | {self.started:.1f} |"


def measured(agent: Agent, steps: int) -> Figures:
    """One agent, in a folder of its own."""
    noting = Noting(agent, steps)
    with tempfile.TemporaryDirectory(prefix="agent-bench-") as name, anthropic_server(noting) as server:
        folder = Path(name)
        process = subprocess.Popen(
            agent.command(folder, steps),
            cwd=Path(__file__).parents[2] if agent.play in _OURS else folder,
            env={**os.environ, **_settings(folder, server.url), **({} if agent.play in _OURS else {"HOME": name})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        noting.process = process.pid
        try:
            told, _ = process.communicate(agent.said(steps + 1), timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            told, _ = process.communicate()
        refused = "; ".join(server.refused[:1])
    used = noting.used[: steps + 1]
    return Figures(agent.name, used, "" if len(used) > steps else f"{refused}\n{told[-3_000:]}")


def _settings(folder: Path, url: str) -> Mapping[str, str]:
    return {
        "AGENT_STATE_DIR": str(folder / "state"),
        "ANTHROPIC_API_KEY": "a-key",
        "ANTHROPIC_API_BASE": url,
        "ANTHROPIC_BASE_URL": url,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "MSWEA_CONFIGURED": "true",
        "MSWEA_COST_TRACKING": "ignore_errors",
        "MSWEA_GLOBAL_CONFIG_DIR": str(folder / "mini"),
        "TERM": "dumb",
    }


def main() -> None:
    """Measure everybody in turn, print the table, and say whether the aim is met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--only", nargs="+", choices=[one.name for one in AGENTS], help="these alone")
    options = parser.parse_args()
    print(machine())
    found: list[Figures] = []
    for agent in AGENTS:
        if not options.only or agent.name in options.only:
            found.append(measured(agent, options.steps))
            print(found[-1].ended or found[-1].row(), flush=True)
    made = [one for one in found if not one.ended]
    print("\n| agent | steps | CPU ms a step | first half | second half | programs it started |")
    print("|---|---:|---:|---:|---:|---:|")
    print("\n".join(one.row() for one in made))
    late = [one for one in made if one.name == "runtime" and one.milliseconds(0, options.steps) >= AIM]
    raise SystemExit(bool(late) or len(made) < len(found))


if __name__ == "__main__":
    main()
