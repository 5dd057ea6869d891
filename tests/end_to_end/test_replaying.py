"""A recorded run is done again without a key and without a model, and says where it departs from its record."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.checklist.effort import Effort
from agent.journal.events import ModelAnswered
from agent.journal.recording import FILE_NAME, read_events
from agent.orchestrator.options import RunOptions
from agent.orchestrator.replaying import replay_run
from agent.orchestrator.running import run_task
from agent.orchestrator.runs import find_run
from tests.end_to_end.processes import AGENT
from tests.wire.server import Asked, Call, Say, Turn, anthropic_server

TASK = Path(__file__).with_name("tiny") / "task.yaml"
MODEL = "anthropic:claude-sonnet-5-5"
MAIN = '"""Notes."""\n\nLIMIT = 3\n'


def beginning(asked: Asked) -> Turn:
    """Begins a service, looks at it, and gives up; all of it is asked of it twice."""
    if "Nothing is written yet" not in asked.opening or asked.turn > 2:
        return [Say("I do not know how to go on.")]
    turns: list[Turn] = [
        [Say("I begin."), Call("write_file", {"path": "src/main.py", "content": MAIN})],
        [Call("replace_function", {"name": "src.main.start", "source": "def start(: ..."}), Call("check", {})],
        [Call("edit_file", {"path": "src/main.py", "old": "LIMIT = 3", "new": "LIMIT = 4"})],
    ]
    return turns[asked.turn]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A run that is over, the model of which is gone."""

    name: str
    state: Path
    answers: int


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    folder = tmp_path_factory.mktemp("recorded")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENT_STATE_DIR", str(folder / "state"))
        with anthropic_server(beginning) as server:
            patch.setenv("ANTHROPIC_BASE_URL", server.url)
            patch.setenv("ANTHROPIC_API_KEY", "a-key")
            brief = Effort(fuzz_seconds=0, mutant_seconds=1, load_seconds=1)
            options = RunOptions(models=(MODEL,), out=folder / "service", blueprint=False, effort=brief)
            name = run_task(TASK, options).run
        patch.delenv("ANTHROPIC_BASE_URL")
        patch.delenv("ANTHROPIC_API_KEY")
        yield Recorded(name, folder / "state", len(server.asked))


@pytest.fixture(autouse=True)
def no_provider(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_STATE_DIR", str(recorded.state))
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)


def test_the_journal_holds_what_the_model_said_and_asked_for(recorded: Recorded) -> None:
    answers = [event for event in read_events(find_run(recorded.name)) if isinstance(event, ModelAnswered)]
    assert len(answers) == recorded.answers
    said, call = answers[0].parts
    assert said.text == "I begin."
    assert (call.tool, call.arguments) == ("write_file", {"path": "src/main.py", "content": MAIN})


def test_a_run_that_is_done_again_comes_to_the_same_trees_and_verdicts(recorded: Recorded) -> None:
    replay = replay_run(recorded.name)
    assert replay.departures == ()
    assert replay.answers == recorded.answers
    assert replay.assignments >= 2
    assert replay.verifications >= 2


def called(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line, in a process of its own."""
    return subprocess.run([AGENT, *arguments], capture_output=True, text=True, check=False)


def test_where_it_departs_is_said(recorded: Recorded) -> None:
    """Somebody changed the record: the same answers cannot have led to the trees that it names."""
    journal = find_run(recorded.name) / FILE_NAME
    before = journal.read_text()
    assert before.count('"LIMIT = 4"') == 1
    journal.write_text(before.replace('"LIMIT = 4"', '"LIMIT = 5"'))
    try:
        answer = called("replay", recorded.name, "--json")
    finally:
        journal.write_text(before)
    assert answer.returncode == 1, answer.stderr
    first = json.loads(answer.stdout)["departures"][0]
    assert first["step"] == "developer: the whole service"
    assert first["what"] == "another tree: src/main.py"


def test_every_decision_of_the_run_is_explained(recorded: Recorded) -> None:
    answer = called("show", recorded.name, "--trace")
    assert answer.returncode == 0, answer.stderr
    for words in ("assignment: the whole service", "it said: I do not know how to go on.", "it changed nothing"):
        assert words in answer.stdout
