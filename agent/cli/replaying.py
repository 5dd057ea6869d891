"""`agent replay`: watch a recorded run being done again, print where it departs."""

from __future__ import annotations

import sys
from typing import NoReturn

from agent.cli.watching import watching
from agent.errors import ExitCode
from agent.orchestrator.comparing import Replay
from agent.orchestrator.replaying import replay_run
from prompts.marking import visible


def replay_command(name: str, *, as_json: bool) -> NoReturn:
    """Do a run again."""
    with watching(None) as listen:
        replay = replay_run(name, listen)
    sys.stdout.write((replay.model_dump_json(indent=2) if as_json else in_words(replay)) + "\n")
    sys.exit(ExitCode.NOT_MET if replay.departures else ExitCode.OK)


def in_words(replay: Replay) -> str:
    """What was done again, then where it departs, one line each."""
    counts = (
        _count(replay.assignments, "assignment"),
        f"{_count(replay.answers, 'answer')} from the record",
        _count(replay.verifications, "verification"),
    )
    done = f"replayed {replay.run}: {', '.join(counts)}"
    if not replay.departures:
        return f"{done}; every tree and every verdict is as it was recorded"
    lines = [f"  {visible(one.step)}: {visible(one.what)}" for one in replay.departures]
    return "\n".join([f"{done}; it departs from the record:", *lines])


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
