"""A run that is stopped while a model is at work goes on where it was: nothing lost, nothing done twice."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent.journal.events import Resumed
from agent.journal.recording import read_events
from agent.loop.moves import Work, next_move
from agent.loop.state import state_of
from tests.end_to_end.processes import BRIEFLY, Answer, Home, Running, gone
from tests.wire.server import AnthropicServer, Asked, Call, Say, Turn, anthropic_server

TASK = Path(__file__).with_name("undecided") / "task.yaml"
MODEL = "anthropic:claude-sonnet-5-5"
RUN = "notes-1"
FIRST, SECOND = "src/services/counts.py", "src/services/notes.py"
COUNTS = '''
async def get_counts(self) -> Counts:
    """How many notes there are, and how long the longest is."""
    row = await self._database.fetchrow("SELECT count(*), coalesce(max(char_length(text)), 0) FROM notes")
    count, longest = row if row else (0, 0)
    return Counts(count=count, longest=longest)
'''


@dataclass
class Slow:
    """Writes the counts at once, and thinks about the notes until it is let."""

    asked: threading.Event = field(default_factory=threading.Event)
    """For the notes."""
    let: threading.Event = field(default_factory=threading.Event)

    def __call__(self, asked: Asked) -> Turn:
        """The next turn."""
        if SECOND in asked.opening.split("\n", 1)[0].replace("\\", ""):
            self.asked.set()
            self.let.wait()
            return [Say("Nobody can say what a note says.")]
        if asked.turn:
            return [Say("The counts are written.")]
        (name,) = re.findall(r"`(src\.\S+\.get_counts)`", asked.opening)[:1]
        return [Call("replace_function", {"name": name, "source": COUNTS})]


@dataclass(frozen=True)
class Modelled(Home):
    """A place for runs with a model on this machine."""

    url: str = ""

    @property
    def environment(self) -> Mapping[str, str]:
        """What the command line sees."""
        return {**super().environment, "ANTHROPIC_BASE_URL": self.url, "ANTHROPIC_API_KEY": "a-key"}


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def server(slow: Slow) -> Iterator[AnthropicServer]:
    with anthropic_server(slow) as made:
        yield made
        slow.let.set()


@pytest.fixture
def home(server: AnthropicServer, tmp_path: Path) -> Modelled:
    return Modelled(tmp_path, server.url)


@pytest.fixture
def stopped(home: Modelled, slow: Slow) -> Answer:
    """A run, stopped when the counts are written and the model thinks about the notes."""
    return stopped_at_work(home.start("run", TASK, "--model", MODEL, *BRIEFLY), slow, signal.SIGINT)


def stopped_at_work(running: Running, slow: Slow, number: signal.Signals) -> Answer:
    """Stop it and all of its process group, as a terminal does, once the model has been asked for the notes."""
    while not slow.asked.wait(0.1):
        assert running.process.poll() is None, running.wait()
    slow.asked.clear()
    family = running.family()
    os.killpg(running.process.pid, number)
    answer = running.wait()
    assert gone(family), [member.command for member in family if member.lives]
    return answer


def titles(home: Home, kind: str) -> list[str]:
    events = (event for event in home.events(RUN) if event["kind"] == kind)
    return [event.get("title") or event["assignment"]["title"] for event in events]


def is_quiet(answer: Answer) -> bool:
    """It says that it was stopped, and nothing else."""
    noise = ("Traceback", "Error", "Exception", "never retrieved")
    told = answer.err.endswith(f"agent: interrupted; `agent resume {RUN}` continues\n")
    return told and not any(word in answer.err for word in noise)


def test_a_run_that_is_stopped_while_a_model_thinks_goes_on_with_what_it_thought_about(
    stopped: Answer, home: Modelled, server: AnthropicServer
) -> None:
    assert stopped.code == 130, stopped.err
    assert is_quiet(stopped), stopped.err
    assert titles(home, "assignment given") == [FIRST, SECOND]
    assert titles(home, "assignment done") == [FIRST]
    assert Counter(event["kind"] for event in home.events(RUN))["model answered"] == len(server.asked) - 1 == 2
    folder = home.folder / "runs" / RUN
    assert "char_length(text)" in (folder / "workspace" / FIRST).read_text()
    move = next_move(state_of((*read_events(folder), Resumed(process=1))), models=1)
    assert isinstance(move, Work)
    assert move.assignment.title == SECOND


def test_however_often_it_is_stopped_nothing_is_lost_and_nothing_done_twice(
    home: Modelled, slow: Slow, request: pytest.FixtureRequest
) -> None:
    if not request.config.getoption("--every-defect"):
        pytest.skip("a whole run: --every-defect")
    request.getfixturevalue("stopped")
    before = home.events(RUN)
    again = stopped_at_work(home.start("resume", RUN), slow, signal.SIGTERM)
    assert again.code == 130, again.err
    assert is_quiet(again), again.err

    slow.let.set()
    ended = home.call("resume", RUN, "--json")

    assert ended.code == 1, ended.err
    assert "Traceback" not in ended.err
    assert [hole["operation"] for hole in ended.json["holes"]] == ["POST /notes/{id}/summary"]
    assert home.events(RUN)[: len(before)] == before
    assert titles(home, "assignment given")[:4] == [FIRST, SECOND, SECOND, SECOND]
    assert Counter(titles(home, "assignment done"))[FIRST] == 1
    kinds = Counter(event["kind"] for event in home.events(RUN))
    assert (kinds["scaffolded"], kinds["interrupted"], kinds["delivered"]) == (1, 2, 1)
    assert ended.json["usage"]["requests"] == kinds["model asked"], "those that were cut off are paid for, too"
