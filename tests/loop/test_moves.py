"""The loop decides from what has happened, and from nothing else."""

from __future__ import annotations

from agent.journal.events import (
    Assignment,
    AssignmentDone,
    AssignmentGiven,
    BudgetReached,
    Ending,
    Escalated,
    Event,
    OpenHole,
    Resumed,
    Scaffolded,
)
from agent.loop.moves import PATIENCE, Deliver, Escalate, Scaffold, Verify, Work
from agent.loop.state import PATIENCE_WITH_ONE, Attempt, GivenUp, state_of
from agent.receipts import Outcome, Receipt
from agent.rulebook.model import Gate
from tests.loop.happening import HOLE, after, done, found, receipt, scaffolded, verified, work_after


def test_a_run_begins_with_the_blueprint() -> None:
    assert after() == Scaffold()


def test_what_was_written_is_verified() -> None:
    assert after(scaffolded()) == Verify()


def test_a_run_is_complete_when_nothing_is_open() -> None:
    assert after(scaffolded(), verified()) == Deliver(Ending.COMPLETE)


def test_without_a_model_what_is_open_stays_open() -> None:
    assert after(scaffolded(HOLE), verified(holes=(HOLE,)), models=0) == Deliver(Ending.INCOMPLETE)


def test_what_the_blueprint_leaves_open_is_written_before_anything_is_verified() -> None:
    assert after(scaffolded(HOLE)) == Work(Assignment(title=HOLE.file, holes=(HOLE,)))
    assert after(scaffolded(HOLE), done(HOLE.file, "c1")) == Verify()


REPORT = OpenHole(name="src.services.reports.load", file="src/services/reports.py", line=9, operation="GET /load")
COUNT = OpenHole(name="src.services.reports.count", file=REPORT.file, line=20, operation="GET /count")


def asked_singly(*holes: OpenHole, unwritten: tuple[OpenHole, ...] = (), commit: str = "c0") -> list[Event]:
    """The functions of one file, asked for one by one."""
    names = tuple(hole.name for hole in unwritten)
    title = holes[0].file
    given = AssignmentGiven(assignment=Assignment(title=title, holes=holes), singly=True)
    return [given, AssignmentDone(title=title, commit=commit, said="Asked.", unwritten=names)]


def test_all_functions_are_asked_for_one_by_one_before_what_is_open_still_is_given_with_tools() -> None:
    events: list[Event] = [scaffolded(HOLE, REPORT, COUNT)]
    assert after(*events, singly=True) == Work(Assignment(title=HOLE.file, holes=(HOLE,)), singly=True)
    events += asked_singly(HOLE, unwritten=(HOLE,))
    reports = Assignment(title=REPORT.file, holes=(REPORT, COUNT))
    assert after(*events, singly=True) == Work(reports, singly=True), "nothing was written, and nothing is given up"
    events += asked_singly(REPORT, COUNT, unwritten=(COUNT,), commit="c1")
    assert after(*events, singly=True) == Work(Assignment(title=HOLE.file, holes=(HOLE,)))
    events.append(done(HOLE.file, "c2"))
    assert after(*events, singly=True) == Work(Assignment(title=REPORT.file, holes=(COUNT,)))
    assert after(*events, done(REPORT.file, "c3"), singly=True) == Verify()


def beyond(*holes: OpenHole, unwritten: tuple[OpenHole, ...], commit: str = "c0") -> list[Event]:
    """The same, by a model that is too small for tools."""
    given, ended = asked_singly(*holes, unwritten=unwritten, commit=commit)
    assert isinstance(ended, AssignmentDone)
    return [given, ended.model_copy(update={"beyond": "it is too small"})]


def test_what_a_small_model_cannot_write_alone_is_handed_to_the_next_one() -> None:
    events = [scaffolded(HOLE), *beyond(HOLE, unwritten=(HOLE,))]
    assert after(*events, models=2, singly=True) == Escalate(f"{HOLE.file}: it is too small")
    handed = [*events, Escalated(model="b", why="x")]
    assert after(*handed, models=2) == Work(Assignment(title=HOLE.file, holes=(HOLE,)))


def test_or_it_is_given_up_with_that_reason_while_what_it_wrote_is_verified() -> None:
    events = [scaffolded(REPORT, COUNT), *beyond(REPORT, COUNT, unwritten=(COUNT,), commit="c1")]
    assert after(*events, singly=True) == Verify()
    events.append(verified(holes=(COUNT,)))
    assert after(*events, singly=True) == Deliver(Ending.STALLED)
    assert state_of(events).given_up[REPORT.file] == GivenUp(frozenset({COUNT.name}), "it is too small")
    assert after(*events, Resumed(process=1), singly=True) == Work(
        Assignment(title=COUNT.file, holes=(COUNT,)), singly=True
    )


def test_functions_that_were_all_written_singly_are_verified_without_a_conversation() -> None:
    assert after(scaffolded(HOLE), *asked_singly(HOLE, commit="c1"), singly=True) == Verify()


def test_who_is_asked_singly_and_only_pretends_is_told_once_with_tools() -> None:
    events = [scaffolded(HOLE), asked_singly(HOLE)[0], found(HOLE.file, "c0")]
    assert after(*events, singly=True) == Work(Assignment(title=HOLE.file, holes=(HOLE,)))


def test_the_next_model_and_a_resumed_run_begin_with_single_functions_again() -> None:
    events = [scaffolded(HOLE), *asked_singly(HOLE, unwritten=(HOLE,)), done(HOLE.file, "c0")]
    again = Work(Assignment(title=HOLE.file, holes=(HOLE,)), singly=True)
    assert after(*events, Escalated(model="b", why="x"), models=2, singly=True) == again
    assert after(*events, Resumed(process=1), singly=True) == again


def judged(subject: str, gate: Gate, rule: str) -> Receipt:
    return Receipt(rule=rule, subject=subject, gate=gate, outcome=Outcome.FAILED, found=subject)


HANDED_OVER = (
    judged("files", Gate.LINT, "RUF-LINE"),
    judged("service", Gate.HEADERS, "SEC-HEADERS"),
    judged("GET /there", Gate.LIMITS, "API-PAGE"),
    judged("POST /there", Gate.CONTRACT, "API-METHODS"),
)
"""What a service failed before the run."""
ADDED = (judged("GET /new", Gate.CONTRACT, "CON-PARITY"), judged("GET /new", Gate.TESTS, "TST-INTEG"))


def handed_over() -> Scaffolded:
    return Scaffolded(commit="c0", files=0, holes=(), seconds=1, existing=True)


def test_of_a_service_that_was_there_only_what_the_task_is_about_is_worked_on() -> None:
    events: list[Event] = [handed_over(), verified(*HANDED_OVER, *ADDED)]
    added = Assignment(title="GET /new", obligations=("CON-PARITY:GET /new", "TST-INTEG:GET /new"))
    assert after(*events) == Work(added)
    events += [done("GET /new", "c1"), verified(*HANDED_OVER)]
    assert after(*events) == Deliver(Ending.STALLED)
    assert after(*events, models=2) == Deliver(Ending.STALLED), "the next model has nothing to do either"
    assert state_of(events).inherited == {one.obligation.id for one in HANDED_OVER}


def test_what_the_work_on_it_breaks_is_mended() -> None:
    events: list[Event] = [handed_over(), verified(*HANDED_OVER, *ADDED), done("GET /new", "c1")]
    broken = judged("files", Gate.TYPES, "MYP-STRICT")
    assert work_after(*events, verified(*HANDED_OVER, broken)) == "the whole service"
    assert (
        work_after(*events, verified(*HANDED_OVER, judged("GET /there", Gate.CONTRACT, "CON-PARITY"))) == "GET /there"
    )


def test_the_schema_and_the_contract_of_a_service_that_was_there_are_part_of_the_task() -> None:
    whole = (judged("files", Gate.DATABASE, "MIG-TOOL"), judged("service", Gate.CONTRACT, "PRI-API-FIRST"))
    move = after(handed_over(), verified(*HANDED_OVER, *whole))
    assert isinstance(move, Work)
    assert move.assignment.obligations == ("MIG-TOOL:files", "PRI-API-FIRST:service")


def test_files_that_were_there_are_remembered_with_what_was_worked_on() -> None:
    one = AssignmentDone(title="GET /new", commit="c1", said="", changed=("app/main.py", "app/notes.py"))
    two = AssignmentDone(title="GET /other", commit="c2", said="", changed=("app/notes.py",))
    state = state_of([handed_over(), verified(*HANDED_OVER, *ADDED), one, two])
    assert state.changed == {"app/main.py": ("GET /new",), "app/notes.py": ("GET /new", "GET /other")}


def test_failed_obligations_are_given_with_tools() -> None:
    move = after(scaffolded(), verified(receipt("GET /a")), singly=True)
    assert isinstance(move, Work)
    assert not move.singly


def test_without_a_model_it_is_verified_as_it_is() -> None:
    assert after(scaffolded(HOLE), models=0) == Verify()


def test_a_limit_that_is_hit_before_anything_was_written_ends_with_a_verdict() -> None:
    events: list[Event] = [scaffolded(HOLE), BudgetReached(limit="1 USD")]
    assert after(*events) == Verify()
    assert after(*events, verified(holes=(HOLE,))) == Deliver(Ending.BUDGET)


def test_a_model_that_leaves_the_blueprint_as_it_was_hands_over_unverified_and_the_last_one_does_not() -> None:
    events: list[Event] = [scaffolded(HOLE), done(HOLE.file, "c0")]
    assert isinstance(after(*events, models=2), Escalate)
    events += [Escalated(model="stronger", why="it changed nothing")]
    assert work_after(*events, models=2) == HOLE.file
    events += [done(HOLE.file, "c0")]
    assert after(*events, models=2) == Verify()
    events += [verified(receipt("POST /merge"), holes=(HOLE,))]
    assert after(*events, models=2) == Deliver(Ending.STALLED)


def test_a_hole_is_given_to_the_developer_with_the_failures_of_its_operation() -> None:
    move = after(scaffolded(HOLE), verified(receipt("POST /merge"), receipt("GET /other"), holes=(HOLE,)))
    assert isinstance(move, Work)
    assert move.assignment.holes == (HOLE,)
    assert move.assignment.obligations == ("API-METHODS:POST /merge",)


def test_after_the_work_the_tree_is_verified_again() -> None:
    assert after(scaffolded(HOLE), verified(holes=(HOLE,)), done(HOLE.file, "c1")) == Verify()


def test_work_that_changes_nothing_is_not_verified_again() -> None:
    assert after(scaffolded(HOLE), verified(holes=(HOLE,)), done(HOLE.file, "c0")) == Deliver(Ending.STALLED)


def test_work_without_progress_ends_when_patience_does() -> None:
    events: list[Event] = [scaffolded(HOLE), verified(holes=(HOLE,))]
    for attempt in range(PATIENCE_WITH_ONE):
        assert isinstance(after(*events), Work)
        events += [done(HOLE.file, f"c{attempt + 1}"), verified(holes=(HOLE,))]
    assert after(*events) == Deliver(Ending.STALLED)


def test_progress_renews_patience() -> None:
    events: list[Event] = [scaffolded(), verified(receipt("GET /a"), receipt("GET /b"), receipt("GET /c"))]
    for attempt, (mended, left) in enumerate((("GET /c", ("GET /a", "GET /b")), ("GET /b", ("GET /a",))), start=1):
        events += [done(mended, f"c{attempt}"), verified(*map(receipt, left))]
    assert state_of(events).fruitless == 0
    assert isinstance(after(*events), Work)


def test_at_a_limit_what_was_written_is_still_verified_and_then_delivered() -> None:
    events: list[Event] = [scaffolded(HOLE), verified(holes=(HOLE,)), BudgetReached(limit="1 USD")]
    assert after(*events) == Deliver(Ending.BUDGET)
    events.append(done(HOLE.file, "c1"))
    assert after(*events) == Verify()


def test_a_run_whose_limit_was_hit_by_the_last_thing_needed_is_complete() -> None:
    assert after(scaffolded(), BudgetReached(limit="1 USD"), verified()) == Deliver(Ending.COMPLETE)


def test_a_service_that_does_not_start_is_one_assignment_not_one_for_each_operation() -> None:
    failures = [receipt(f"GET /{name}", found="the service did not start") for name in "abc"]
    move = after(scaffolded(), verified(*failures, receipt("service", found="the service did not start")))
    assert isinstance(move, Work)
    assert move.assignment.title == "the whole service"


def test_where_nothing_is_written_yet_everything_is_one_assignment() -> None:
    failures = [receipt(f"GET /{name}", found="no application") for name in "abc"]
    migrations = [receipt(f"GET /{name}", found="no migration", rule="API-STATUS") for name in "abc"]
    move = after(scaffolded(), verified(*failures, *migrations, receipt("table"), receipt("files")))
    assert isinstance(move, Work)
    assert move.assignment.title == "the whole service"
    assert move.assignment.obligations[0] == "API-METHODS:files"
    assert len(move.assignment.obligations) == 8


def test_failures_of_operations_are_worked_on_before_those_of_the_whole() -> None:
    move = after(scaffolded(), verified(receipt("GET /a"), receipt("GET /b"), receipt("files")))
    assert isinstance(move, Work)
    assert move.assignment.title == "GET /a"


def test_a_resumed_run_may_have_a_new_limit() -> None:
    events: list[Event] = [scaffolded(HOLE), verified(holes=(HOLE,)), BudgetReached(limit="1 USD"), Resumed(process=1)]
    assert isinstance(after(*events), Work)


def ended_early(number: int, commit: str = "c0") -> AssignmentDone:
    return AssignmentDone(title=f"GET /{number}", commit=commit, said="", failure="the provider is out of reach")


def test_when_the_provider_is_out_of_reach_not_every_assignment_is_tried() -> None:
    events: list[Event] = [scaffolded(), verified(*(receipt(f"GET /{number}") for number in range(9)))]
    for number in range(PATIENCE):
        assert isinstance(after(*events), Work)
        events.append(ended_early(number))
    assert after(*events) == Deliver(Ending.STALLED)


def test_what_was_written_before_the_provider_went_away_is_verified() -> None:
    events: list[Event] = [scaffolded(), verified(*(receipt(f"GET /{number}") for number in range(9)))]
    events += [done("GET /0", "c1"), *(ended_early(number, "c1") for number in range(1, PATIENCE + 1))]
    assert after(*events) == Verify()
    events.append(verified(receipt("GET /1")))
    assert after(*events) == Deliver(Ending.STALLED)


def test_work_that_changed_something_is_not_in_vain_even_when_it_ended_early() -> None:
    events: list[Event] = [scaffolded(), verified(*(receipt(f"GET /{number}") for number in range(9)))]
    events += [ended_early(number, f"c{number + 1}") for number in range(PATIENCE)]
    assert isinstance(after(*events), Work)


def test_a_resumed_run_tries_again_what_had_been_tried_in_vain() -> None:
    events: list[Event] = [scaffolded(), verified(receipt("GET /0")), ended_early(0)]
    assert after(*events) == Deliver(Ending.STALLED)
    assert after(*events, Resumed(process=1)) == Work(state_of(events[:2]).waiting[0])


def test_a_resumed_run_does_not_repeat_an_assignment_that_changed_something() -> None:
    events: list[Event] = [scaffolded(), verified(receipt("GET /0")), done("GET /0", "c1"), Resumed(process=1)]
    assert after(*events) == Verify()


def test_when_a_model_makes_no_progress_the_next_one_goes_on_with_what_is_open() -> None:
    events: list[Event] = [scaffolded(HOLE), verified(holes=(HOLE,)), done(HOLE.file, "c0")]
    move = after(*events, models=2)
    assert isinstance(move, Escalate)
    events.append(Escalated(model="stronger", why=move.why))
    again = after(*events, models=2)
    assert isinstance(again, Work)
    assert again.assignment.holes == (HOLE,)
    assert state_of(events).tried == {HOLE.file: (Attempt("done"),)}


def test_after_the_last_model_the_work_ends() -> None:
    events: list[Event] = [scaffolded(HOLE), verified(holes=(HOLE,)), done(HOLE.file, "c0")]
    events += [Escalated(model="stronger", why="it changed nothing"), done(HOLE.file, "c0")]
    assert after(*events, models=2) == Deliver(Ending.STALLED)


def test_what_a_model_changed_is_verified_before_the_next_one_begins() -> None:
    events: list[Event] = [scaffolded(HOLE), verified(holes=(HOLE,)), done(HOLE.file, "c1")]
    assert after(*events, models=2) == Verify()
    events.append(verified(receipt("POST /merge")))
    assert isinstance(after(*events, models=2), Work)


def test_a_resumed_run_begins_with_its_first_model() -> None:
    events: list[Event] = [scaffolded(HOLE), verified(holes=(HOLE,))]
    events += [Escalated(model="stronger", why="x"), Resumed(process=2)]
    assert state_of(events).model == 0
