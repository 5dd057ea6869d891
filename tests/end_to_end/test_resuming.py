"""A run that is killed, interrupted or delivered goes on where it was, whatever it was doing."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from agent.checklist.check import Turn
from agent.checklist.checklist import CHECKS
from tests.end_to_end.processes import BRIEFLY, Answer, Home, gone

TASK = Path(__file__).with_name("tiny") / "task.yaml"
RUN = "notes-1"

JOURNEY = (
    ("run started", 1),
    ("toolchain ready", 1),
    ("workspace opened", 1),
    ("scaffolded", 1),
    ("gate settled", 1),
    ("gate settled", 2),
    ("gate settled", 4),
    ("gate settled", 7),
    ("gate settled", 9),
    ("verified", 1),
)
"""Ten events, each the n-th of its kind in the run's journal: from the first one to the last but one."""


ASKING = {one.name for one in CHECKS if one.turn is Turn.BESIDE and one.boots != "no service"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Answer]:
    """A run that nobody disturbs."""
    home = Home(tmp_path_factory.mktemp("whole"))
    return home, home.call("run", TASK, *BRIEFLY, "--json")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def outcomes(delivery: dict[str, Any]) -> dict[str, str]:
    """Obligation → outcome. How fast the service is depends on who else uses the machine: met or left open there."""
    receipts = {f"{one['rule']}:{one['subject']}": one for one in delivery["verdict"]["receipts"]}
    return {
        name: "timed" if one["gate"] == "performance" and one["outcome"] != "failed" else one["outcome"]
        for name, one in receipts.items()
    }


def test_the_undisturbed_run_is_complete(whole: tuple[Home, Answer]) -> None:
    _, answer = whole
    assert answer.code == 0, answer.err
    assert answer.json["outcome"] == "complete"


def test_a_run_is_killed_again_and_again_and_comes_to_the_same_verdict(home: Home, whole: tuple[Home, Answer]) -> None:
    command: tuple[str | Path, ...] = ("run", TASK, *BRIEFLY)
    before: list[dict[str, Any]] = []
    for kind, count in JOURNEY:
        running = home.start(*command)
        running.until(home, RUN, kind, count)
        family = running.family()
        running.process.send_signal(signal.SIGKILL)
        assert running.wait().code == -signal.SIGKILL
        assert gone(family), [member.command for member in family if member.lives]
        after = home.events(RUN)
        assert after[: len(before)] == before
        command, before = ("resume", RUN), after

    resumed = home.call("resume", RUN, "--json")

    assert resumed.code == whole[1].code, resumed.err
    assert outcomes(resumed.json) == outcomes(whole[1].json)
    after = home.events(RUN)
    assert after[: len(before)] == before
    kinds = Counter(event["kind"] for event in after)
    assert (kinds["run started"], kinds["scaffolded"], kinds["verified"], kinds["delivered"]) == (1, 1, 1, 1)
    settled = Counter((event["tree"], event["check"]) for event in after if event["kind"] == "gate settled")
    # The check that judges the answers to all others needs all of them: who asks does so again when it had not come.
    assert {check for (_, check), times in settled.items() if times > 1} <= ASKING


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_stopped_run_leaves_reports_and_nothing_else(home: Home, number: signal.Signals) -> None:
    running = home.start("run", TASK, *BRIEFLY, "--json")
    running.until(home, RUN, "scaffolded")
    family = running.family()
    second = home.call("resume", RUN)
    assert (second.code, second.out) == (2, "")
    assert second.err == f"agent: run {RUN} is being worked on by another process; wait for it to end\n"

    running.process.send_signal(number)
    while running.process.poll() is None and home.events(RUN)[-1]["kind"] != "interrupted":
        time.sleep(0.01)
    running.process.send_signal(number)  # once more, from somebody who is impatient
    answer = running.wait()

    assert answer.code == 130, answer.err
    assert answer.err.endswith(f"agent: interrupted; `agent resume {RUN}` continues\n")
    assert answer.json["outcome"] == "interrupted"
    assert answer.json["exit_code"] == 130
    assert home.events(RUN)[-1]["kind"] == "interrupted"
    reports = home.folder / "runs" / RUN
    assert f"agent resume {RUN}" in (reports / "report.md").read_text()
    assert (reports / "report.json").read_text() == answer.out
    assert gone(family)


def test_stopped_before_there_is_a_run_nothing_is_left(home: Home, tmp_path: Path) -> None:
    fifo = tmp_path / "task.yaml"
    os.mkfifo(fifo)
    running = home.start("run", fifo)
    with fifo.open("w"):  # it reads the task now, and waits for more
        running.process.send_signal(signal.SIGINT)
        answer = running.wait()
    assert (answer.code, answer.out, answer.err) == (130, "", "agent: interrupted\n")
    assert list(home.folder.iterdir()) == [fifo]


def test_a_delivered_run_gives_its_delivery_again(whole: tuple[Home, Answer]) -> None:
    home, answer = whole
    before = home.events(RUN)
    again = home.call("resume", RUN, "--json")
    assert (again.code, again.out, again.err) == (answer.code, answer.out, "")
    assert home.events(RUN) == before
    assert (home.folder / "runs" / RUN / "report.json").read_text() == answer.out


def test_what_a_resumed_run_needs_must_be_there(home: Home) -> None:
    running = home.start("run", TASK, *BRIEFLY, *BRIEFLY)
    running.until(home, RUN, "workspace opened")
    running.process.send_signal(signal.SIGKILL)
    running.wait()
    run = home.folder / "runs" / RUN
    journal = run / "journal.jsonl"
    content = journal.read_bytes()

    shutil.move(run / "workspace", home.folder / "elsewhere")
    without_worktree = home.call("resume", RUN)
    assert (without_worktree.code, without_worktree.out) == (2, "")
    assert without_worktree.err == f"agent: {run}/workspace: the worktree of this run is gone; start it anew\n"
    assert journal.read_bytes() == content

    journal.write_bytes(content + b'{"kind": "celebrated"}\n')
    of_another_version = home.call("resume", RUN)
    line = content.count(b"\n") + 1
    assert of_another_version.code == 2
    assert f"agent: {journal}:{line}: not an event of this version's journal; start a new run" in of_another_version.err

    journal.write_bytes(content)
    (run / "run.json").write_text("{}")
    broken_record = home.call("resume", RUN)
    assert (broken_record.code, broken_record.out) == (2, "")
    assert broken_record.err == f"agent: {run}/run.json: is not of this version; start a new run\n"
