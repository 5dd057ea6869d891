"""Whole runs with a model over the wire: what it writes is judged by the gates, whatever it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from agent.binding.deriving import bind
from agent.catalog.loading import load_catalog
from agent.checklist.effort import Effort
from agent.contract.loading import load_contract
from agent.delivery.model import Delivery
from agent.journal.events import AssignmentDone, AssignmentGiven, Escalated, Event, GateSettled, Scaffolded
from agent.journal.recording import read_events
from agent.orchestrator.options import RunOptions
from agent.orchestrator.running import run_task
from agent.orchestrator.runs import find_run
from agent.receipts import Outcome
from agent.stacks.python_fastapi.stack import PythonFastapi
from tests.end_to_end.processes import BRIEFLY
from tests.end_to_end.scripted import Filling, Section, fill
from tests.wire.otlp import Collector, collector
from tests.wire.server import AnthropicServer, Asked, Call, Say, Script, Turn, anthropic_server
from tools.postgres.server import PostgresServer

HERE = Path(__file__).parent
HELPDESK = HERE.parents[1] / "examples" / "helpdesk"
TINY = HERE / "tiny"
UNDECIDED = HERE / "undecided"
MODEL = "anthropic:claude-sonnet-5-5"
BRIEF = RunOptions(effort=Effort(fuzz_seconds=0, mutant_seconds=1, load_seconds=1))
"""As `BRIEFLY` says it on the command line."""
HOLES = {"POST /tickets/{ticket_id}/merge", "POST /tickets/{ticket_id}/escalate", "GET /reports/workload"}
FEW_HOLES = {"POST /notes/{id}/summary", "GET /counts"}
"""Those of the smallest service that has some in two files."""
COUNTS = '''
async def get_counts(self) -> Counts:
    """How many notes there are, and how long the longest is."""
    row = await self._database.fetchrow("SELECT count(*), coalesce(max(char_length(text)), 0) FROM notes")
    count, longest = row if row else (0, 0)
    return Counts(count=count, longest=longest)
'''
GOOD = {"src/services/tickets.py": fill("tickets"), "src/services/reports.py": fill("reports")}


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is over."""

    delivery: Delivery
    server: AnthropicServer
    events: tuple[Event, ...]
    traced: Collector

    @property
    def assignments(self) -> list[str]:
        """The titles of what the model was given, in order."""
        return [event.assignment.title for event in self.events if isinstance(event, AssignmentGiven)]

    @property
    def unmet(self) -> list[str]:
        """What of the delivery failed, with what was found."""
        return [f"{one.obligation.id}: {one.found}" for one in self.delivery.receipts if one.outcome is Outcome.FAILED]


@contextmanager
def model_environment(url: str, state: Path, traced: str = "") -> Iterator[None]:
    """A provider on this machine, a place of its own for the journals, and a collector of traces."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANTHROPIC_BASE_URL", url)
        patch.setenv("ANTHROPIC_API_KEY", "a-key")
        patch.setenv("AGENT_STATE_DIR", str(state))
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", traced)
        yield


def run(script: Script, folder: Path, options: RunOptions = BRIEF, inputs: Path = HELPDESK) -> Run:
    """Deliver a task with a model that follows a script."""
    chosen = replace(options, models=options.models or (MODEL,), out=folder / "service")
    with (
        anthropic_server(script) as server,
        collector() as traced,
        model_environment(server.url, folder / "state", traced.url),
    ):
        delivery = run_task(inputs / "task.yaml", chosen)
        return Run(delivery, server, tuple(read_events(find_run(delivery.run))), traced)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Helpdesk, its holes filled as they should be."""
    return run(Filling(GOOD), tmp_path_factory.mktemp("filled"))


def test_holes_that_a_model_fills_well_are_delivered(filled: Run) -> None:
    assert filled.unmet == []
    assert filled.delivery.holes == ()
    assert filled.delivery.exit_code == 0
    assert filled.delivery.sentence.startswith("Backend implementation completed. Delivered 13 endpoints")
    assert filled.server.refused == []


def test_what_the_model_wrote_is_told_with_its_proofs_and_what_no_check_looked_at(filled: Run) -> None:
    told = {one.operation: one for one in filled.delivery.written}
    assert told.keys() == HOLES
    for operation, one in told.items():
        assert one.by == (MODEL,)
        assert {"API-STATUS", "CON-PARITY"} <= {proof.rule for proof in one.proven}
        assert one.unseen, "its description, sentence by sentence"
        assert operation in filled.delivery.sentence


def test_a_model_is_given_the_holes_alone_file_by_file(filled: Run) -> None:
    (scaffolded,) = [event for event in filled.events if isinstance(event, Scaffolded)]
    assert {hole.operation for hole in scaffolded.holes} == HOLES
    assert sorted(filled.assignments) == ["src/services/reports.py", "src/services/tickets.py"]


def test_persona_and_tools_are_paid_for_once_in_a_run(filled: Run) -> None:
    first, *others = filled.server.usages
    assert first["cache_read_input_tokens"] == 0
    shared = len(json.dumps([filled.server.asked[0].body["tools"], filled.server.asked[0].system])) // 4
    assert all(usage["cache_read_input_tokens"] > 0.9 * shared for usage in others)
    usage = filled.delivery.usage
    assert usage.requests == len(filled.server.asked)
    assert usage.cache_read_tokens == sum(one["cache_read_input_tokens"] for one in filled.server.usages)
    assert usage.usd
    assert usage.usd > 0


def test_the_run_is_one_trace_of_blueprint_assignments_and_verifications(filled: Run) -> None:
    (whole,) = filled.traced.named("run")
    assert {span.trace for span in filled.traced.spans} == {whole.trace}
    assert whole.attributes["backend_developer.run"] == filled.delivery.run
    assert whole.attributes["backend_developer.exit_code"] == 0
    within = [span.name for span in filled.traced.spans if span.parent == whole.id]
    assert within == ["blueprint", "assignment", "assignment", "verification"]


def test_gates_stand_below_their_verification_and_requests_below_their_assignment(filled: Run) -> None:
    gates = filled.traced.named("gate ")
    assert {span.name.removeprefix("gate ") for span in gates} >= {"lint", "tests", "types", "contract"}
    assert all(filled.traced.above(gate) == ["verification", "run"] for gate in gates)
    settled = [event for event in filled.events if isinstance(event, GateSettled)]
    assert sum(gate.attributes.get("backend_developer.met", 0) for gate in gates) == sum(
        receipt.outcome is Outcome.MET for event in settled for receipt in event.receipts
    )
    chats = filled.traced.named("chat ")
    assert len(chats) == len(filled.server.asked)
    assert all(filled.traced.above(chat)[1:] == ["assignment", "run"] for chat in chats)
    given = [span.attributes["backend_developer.assignment"] for span in filled.traced.named("assignment")]
    assert given == filled.assignments


def test_every_step_of_the_model_is_a_commit_with_its_words(filled: Run) -> None:
    done = [event for event in filled.events if isinstance(event, AssignmentDone)]
    log = git(filled, "log", "--format=%H %s%n%b").stdout
    for event in done:
        assert event.commit in log
        assert f"Work on {event.title}" in log
        assert event.said in log


def git(run: Run, *arguments: str) -> subprocess.CompletedProcess[str]:
    assert run.delivery.worktree
    return subprocess.run(
        ["git", "-C", str(run.delivery.worktree), *arguments], capture_output=True, text=True, check=True
    )


def spoiled(sections: Sequence[Section], old: str, new: str) -> tuple[Section, ...]:
    """The same changes with a mistake in them."""
    assert sum(old in section.text for section in sections) == 1
    return tuple(replace(section, text=section.text.replace(old, new)) for section in sections)


@dataclass(frozen=True, slots=True)
class Mended:
    """What came of a list of two models, and what was told to the second about its mistake."""

    run: Run
    receipts: tuple[str, ...]


@pytest.fixture(scope="module")
def mended(tmp_path_factory: pytest.TempPathFactory) -> Mended:
    """The first model only talks; the second one forgets a column's name, tests nothing, and says that all is well."""
    right, wrong = "UPDATE ticket_comments SET ticket_id = $2", "UPDATE ticket_comments SET ticket = $2"
    careless = Filling({**GOOD, "src/services/tickets.py": spoiled(fill("tickets"), right, wrong)}, careful=False)
    receipts: list[str] = []

    def script(asked: Asked) -> Turn:
        if "haiku" in asked.body["model"]:
            return [Say("All of it was there already.")]
        if "src/services" in asked.opening.split("\n", 1)[0]:
            return careless(asked)
        if asked.turn == 0:
            receipts.append(asked.opening)
        if "POST /tickets/{ticket_id}/merge" not in asked.opening:
            return [Say("This is not my doing.")]
        mend = Call("edit_file", {"path": "src/repositories/tickets.py", "old": wrong, "new": right})
        return [mend] if asked.turn == 0 else [Say("The column has its right name now.")]

    models = ("anthropic:claude-haiku-4-5", MODEL)
    return Mended(run(script, tmp_path_factory.mktemp("mended"), replace(BRIEF, models=models)), tuple(receipts))


def test_a_wrong_fill_is_caught_and_its_receipt_reaches_the_model(mended: Mended) -> None:
    assert "API-STATUS:POST /tickets/{ticket_id}/merge" in mended.receipts[0]
    assert "expected 200, got 500" in mended.receipts[0]
    assert len(mended.run.assignments) > 2
    assert mended.run.unmet == []
    assert mended.run.delivery.exit_code == 0


def test_when_a_model_only_talks_the_next_one_of_the_list_does_the_work(mended: Mended) -> None:
    run = mended.run
    assert [event.model for event in run.events if isinstance(event, Escalated)] == [MODEL]
    able = [asked.opening for asked in run.server.asked if "haiku" not in asked.body["model"] and asked.turn == 0]
    holes = [opening for opening in able if "src/services" in opening.split("\n", 1)[0]]
    assert len(holes) == 2
    assert all("All of it was there already." in opening for opening in holes)


def pretending(asked: Asked) -> Turn:
    """Talks of the counts; gives the notes fixed answers, and throws away the tests that would show it."""
    if asked.turn or "notes" not in asked.opening.split("\n", 1)[0]:
        return [Say("All operations are implemented, tested and documented.")]
    names = re.findall(r"^### `(src\.\S+)`$", asked.opening, re.MULTILINE)
    fixed = "async def {}(self, *given: object) -> object:\n    return {{'id': 1}}\n"
    return [
        *(Call("replace_function", {"name": one, "source": fixed.format(one.split(".")[-1])}) for one in names),
        Call("write_file", {"path": "tests/integration/test_notes.py", "content": '"""Nothing."""\n'}),
    ]


def test_a_model_that_talks_and_pretends_gets_nothing_delivered_as_done(tmp_path: Path) -> None:
    pretended = run(pretending, tmp_path, inputs=UNDECIDED)
    title = "src/services/notes.py"
    given = ["src/services/counts.py", title, title, "the whole service"]
    assert pretended.assignments == given, "once more after it was told; then what else is open"
    assert len(pretended.server.asked) == 9, "two for each, and one for the counting function alone, without tools"
    done = [event for event in pretended.events if isinstance(event, AssignmentDone) and event.title == title]
    assert [len(event.found) >= 3 for event in done] == [True, True]
    assert all(found.endswith("(put back)") for event in done for found in event.found)
    told = next(asked.opening for asked in pretended.server.asked if "without doing the work" in asked.opening)
    assert "uses nothing of what it is given: it returns a fixed answer" in told
    assert "test_summarise_note was deleted" in told
    assert any("went on making checks pass" in warning for warning in pretended.delivery.warnings)
    assert pretended.delivery.exit_code == 1
    assert {hole.operation for hole in pretended.delivery.holes} == FEW_HOLES
    for operation in FEW_HOLES:
        assert operation in pretended.delivery.sentence


def one_function(asked: Asked) -> Turn:
    """Writes the counts when it is asked for them alone; with tools it looks at one file after the other."""
    if asked.body.get("tools"):
        return [Call("read_file", {"path": "src/services/notes.py", "first_line": asked.turn + 1})]
    if "Write `get_counts`" not in asked.opening:
        return [Say("A note says what it says.")]
    return [Say(f"```python\n{COUNTS}```")]


def test_who_is_asked_for_single_functions_first_and_reaches_a_limit_is_delivered_as_proven(tmp_path: Path) -> None:
    """Four requests of a model that nobody sells: one for each function, and two with tools. Here by the command."""
    task = tmp_path / "task.yaml"
    text = (UNDECIDED / "task.yaml").read_text()
    for name in ("openapi.yaml", "schema.sql"):
        text = text.replace(f": {name}", f": {UNDECIDED / name}")
    task.write_text(f"{text}budget: {{model_requests: 4}}\n")
    with anthropic_server(one_function) as server:
        done = subprocess.run(
            [sys.executable, "-c", "from agent.cli.app import main; main()", "run", str(task)]
            + ["--model", "anthropic:qwen2.5-coder", "--out", str(tmp_path / "service"), *BRIEFLY, "--json"],
            env={
                **os.environ,
                "ANTHROPIC_BASE_URL": server.url,
                "ANTHROPIC_API_KEY": "a-key",
                "AGENT_STATE_DIR": str(tmp_path / "state"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 3, done.stderr
    delivery = Delivery.model_validate(
        {name: value for name, value in json.loads(done.stdout).items() if name in Delivery.model_fields}
    )
    assert [bool(asked.body.get("tools")) for asked in server.asked] == [False, False, True, True]
    last = server.asked[-1].opening
    assert "src/services/notes.py" in last.split("\n", 1)[0].replace("\\", "")
    assert "summarise_note: not written: it answered without a function" in last, "what came of it is told"
    assert delivery.usage.requests == 4
    assert delivery.stopped_by == "4 model requests"
    met = {one.obligation.id for one in delivery.receipts if one.outcome is Outcome.MET}
    assert "API-STATUS:GET /counts" in met
    assert {hole.operation for hole in delivery.holes} == FEW_HOLES - {"GET /counts"}


def test_a_model_that_writes_everything_is_judged_the_same(tmp_path: Path, postgres: PostgresServer) -> None:
    """Without the blueprint, by a model that knows by heart what the blueprint would have written."""
    files = written_by_the_blueprint(postgres)
    batches = [list(files)[start : start + 12] for start in range(0, len(files), 12)]

    def script(asked: Asked) -> Turn:
        if asked.turn < len(batches):
            return [Call("write_file", {"path": path, "content": files[path]}) for path in batches[asked.turn]]
        return [Say("The service is written.")]

    whole = run(script, tmp_path, replace(BRIEF, blueprint=False), TINY)
    opening = whole.server.asked[0].opening
    assert "Nothing is written yet" in opening
    assert "CREATE TABLE notes" in opening
    assert "operationId: listNotes" in opening
    assert whole.assignments == ["the whole service"]
    assert whole.unmet == []
    assert whole.delivery.exit_code == 0


def written_by_the_blueprint(postgres: PostgresServer) -> Mapping[str, str]:
    contract = load_contract(TINY / "openapi.yaml")
    catalog = load_catalog(postgres, [TINY / "schema.sql"])
    return PythonFastapi().scaffold(contract, catalog, bind(contract, catalog), "Notes").files
