"""An assignment ends by itself, at a limit, or with a reason; what was paid for is always recorded."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from decimal import Decimal
from itertools import batched
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from agent.developer.allowance import Allowance
from agent.developer.models import open_model
from agent.developer.reserving import LEAST_OUTPUT, MOST_OUTPUT
from agent.developer.toolbox import Toolbox
from agent.developer.working import PROVIDER_RETRIES, REQUESTS_AN_ASSIGNMENT, Developer, ModelEvent
from agent.errors import InputError, MissingDependency
from agent.journal.events import ModelAnswered, ModelAsked
from tests.developer.conftest import KNOWN, PERSONA, Play
from tests.wire.server import AnthropicServer, Asked, Call, Fail, Say, Turn, anthropic_server


def looks(count: int) -> list[list[Call]]:
    """So many turns with a call each that is not the same as the others."""
    return [[Call("list_files", {"folder": "./" * number + "."})] for number in range(count)]


LOOK = looks(1)[0]
AT_ONCE = {"retry-after-ms": "1"}


async def test_each_answer_is_recorded_with_its_cost(play: Play) -> None:
    played = await play([Say("I look."), *LOOK, *looks(2)[1]], LOOK)
    assert [answer.tools for answer in played.answers] == [("list_files", "list_files"), ("list_files",), (), ()]
    for answer, sent in zip(played.answers, played.server.usages, strict=True):
        usage = answer.usage
        assert usage.requests == 1
        assert usage.input_tokens == sent["input_tokens"] + usage.cache_read_tokens + usage.cache_write_tokens
        assert usage.cache_read_tokens == sent["cache_read_input_tokens"]
        assert usage.output_tokens == sent["output_tokens"]
        assert usage.usd
        assert usage.usd > 0


async def test_a_model_without_a_known_price_costs_an_unknown_amount(play: Play) -> None:
    played = await play(LOOK, model="qwen2.5-coder")
    assert [answer.usage.usd for answer in played.answers] == [None] * 3
    assert not played.server.asked[0].body.get("stream")


@pytest.mark.parametrize("model", [KNOWN, "qwen2.5-coder"])
async def test_persona_and_tools_are_paid_for_once(
    model: str, service: Toolbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def script(asked: Asked) -> Turn:
        return LOOK if asked.turn < 2 else [Say("done")]

    with anthropic_server(script) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        for assignment in ("# Assignment one", "# Assignment two"):
            developer = Developer(open_model(f"anthropic:{model}"), PERSONA, lambda _: None)
            await developer.work(assignment, service, Allowance())
    assert server.refused == []
    first, second, third, other, *_ = server.usages
    assert first["cache_read_input_tokens"] == 0
    assert second["cache_read_input_tokens"] >= first["cache_creation_input_tokens"]
    assert third["cache_read_input_tokens"] > second["cache_read_input_tokens"]
    assert other["cache_read_input_tokens"] > 0.9 * first["cache_creation_input_tokens"]
    for part in ("system", "tools"):
        assert len({str(asked.body[part]) for asked in server.asked}) == 1


async def test_at_the_limit_of_requests_no_further_one_is_sent(play: Play) -> None:
    played = await play(*looks(9), allowance=Allowance(requests=3))
    assert len(played.server.asked) == len(played.answers) == 3
    assert played.worked.limit == "model_requests"


def bill_the_worst(body: dict[str, Any]) -> dict[str, int]:
    """A token for each byte, all of it written to the cache, and the longest answer that was allowed."""
    return {
        "input_tokens": 0,
        "cache_read_input_tokens": 0,
        "cache_creation_input_tokens": len(json.dumps(body, ensure_ascii=False).encode()),
        "output_tokens": body["max_tokens"],
    }


@pytest.mark.parametrize("cents", [5, 20, 50, 100, 300])
async def test_a_limit_of_money_holds_even_when_each_request_costs_the_most_that_it_can(play: Play, cents: int) -> None:
    limit = Decimal(cents) / 100
    turns = [[Say("é" * 3000), *look] for look in looks(30)]
    played = await play(*turns, allowance=Allowance(usd=limit, requests=100), bill=bill_the_worst)
    spent = sum(answer.usage.usd or Decimal(0) for answer in played.answers)
    assert spent <= limit
    assert played.worked.limit == "usd"
    assert "could cost more" in played.worked.failure


async def test_money_that_is_left_is_used(play: Play) -> None:
    played = await play(*looks(9), allowance=Allowance(usd=Decimal("0.40"), requests=100))
    assert len(played.answers) == 11
    assert played.worked.limit is None


async def test_when_little_money_is_left_answers_may_only_be_as_long_as_can_be_paid(play: Play) -> None:
    played = await play(LOOK, allowance=Allowance(usd=Decimal("0.18")), bill=bill_the_worst)
    assert LEAST_OUTPUT <= played.server.asked[0].body["max_tokens"] < MOST_OUTPUT


async def test_a_limit_of_money_sends_nothing_when_the_price_is_unknown(play: Play) -> None:
    played = await play(*looks(9), allowance=Allowance(usd=Decimal(5)), model="qwen2.5-coder")
    assert played.server.asked == []
    assert played.worked.limit == "usd"
    assert "price" in played.worked.failure


async def test_what_a_request_can_cost_is_recorded_before_it_is_sent_and_bounds_what_it_did_cost(play: Play) -> None:
    played = await play(*looks(3), bill=bill_the_worst)
    pairs = list(batched(played.events, 2))
    assert len(pairs) == len(played.server.asked)
    for asked, answered in pairs:
        assert isinstance(asked, ModelAsked)
        assert isinstance(answered, ModelAnswered)
        assert answered.usage.input_tokens <= asked.reserved.input_tokens
        assert answered.usage.output_tokens <= asked.reserved.output_tokens
        assert (answered.usage.usd or 0) <= (asked.reserved.usd or 0)


async def test_what_the_provider_refuses_costs_nothing(play: Play) -> None:
    played = await play(Fail(400, "invalid_request_error"))
    assert [event.kind for event in played.events] == ["model asked", "model refused"]


async def test_no_request_is_sent_beyond_the_limit_of_tokens(play: Play) -> None:
    played = await play(*looks(9), allowance=Allowance(tokens=150_000), bill=bill_the_worst)
    used = sum(answer.usage.input_tokens + answer.usage.output_tokens for answer in played.answers)
    assert 0 < used <= 150_000
    assert played.worked.limit == "tokens"


@pytest.fixture
def slow_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[AnthropicServer]:
    """A model that thinks for a minute, or until the test is over."""
    over = threading.Event()

    def thinks(_: Asked) -> Turn:
        over.wait(60)
        return [Say("done")]

    with anthropic_server(thinks) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        yield server
        over.set()


@pytest.mark.usefixtures("slow_server")
async def test_when_the_time_is_up_the_work_ends_even_while_the_model_thinks(service: Toolbox) -> None:
    developer = Developer(open_model(KNOWN), PERSONA, lambda _: None)
    worked = await asyncio.wait_for(developer.work("# Assignment", service, Allowance(seconds=0.5)), 30)
    assert worked.limit == "minutes"


async def test_an_interrupt_ends_the_work_at_once(service: Toolbox, slow_server: AnthropicServer) -> None:
    developer = Developer(open_model(KNOWN), PERSONA, lambda _: None)
    working = asyncio.create_task(developer.work("# Assignment", service, Allowance()))
    while not slow_server.asked:
        await asyncio.sleep(0.01)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(working, 30)


async def test_a_model_that_says_done_without_a_change_is_told_once_that_words_are_no_evidence(play: Play) -> None:
    played = await play([Say("All tests pass.")], [Say("As I said: all tests pass.")])
    assert len(played.server.asked) == 2
    assert "only files count" in played.server.asked[1].last
    assert played.worked.said == "As I said: all tests pass."


@pytest.mark.parametrize(("model", "forced"), [("qwen2.5-coder", {"type": "any"}), (KNOWN, {"type": "auto"})])
async def test_a_reminded_model_must_call_a_tool_once_where_it_can_be_made_to(
    play: Play, model: str, forced: dict[str, str]
) -> None:
    written = [Call("write_file", {"path": "notes.md", "content": "done\n"})]
    played = await play([Say("It is done.")], written, model=model)
    choices = [asked.body.get("tool_choice", {"type": "auto"}) for asked in played.server.asked]
    assert choices == [{"type": "auto"}, forced, {"type": "auto"}]
    assert played.server.refused == []


async def test_a_reminded_model_may_still_do_the_work(play: Play, folder: Path) -> None:
    played = await play([Say("It is done.")], [Call("write_file", {"path": "notes.md", "content": "done\n"})])
    assert (folder / "notes.md").exists()
    assert [answer.tools for answer in played.answers] == [(), ("write_file",), ()]


async def test_a_model_that_changed_something_is_not_reminded(play: Play) -> None:
    played = await play([Call("write_file", {"path": "notes.md", "content": "done\n"})])
    assert len(played.answers) == 2


async def test_an_assignment_ends_after_its_share_of_requests_though_the_budget_allows_more(play: Play) -> None:
    written = [Call("write_file", {"path": "notes.md", "content": "begun\n"})]
    played = await play(written, *looks(REQUESTS_AN_ASSIGNMENT + 5), allowance=Allowance(requests=400))
    assert len(played.answers) == REQUESTS_AN_ASSIGNMENT
    assert played.worked.failure
    assert played.worked.limit is None


async def test_a_refused_key_is_a_matter_of_the_environment(play: Play) -> None:
    with pytest.raises(MissingDependency, match="refuses the key"):
        await play(Fail(401, "authentication_error"))


async def test_a_model_that_the_provider_does_not_have_is_bad_input(play: Play) -> None:
    with pytest.raises(InputError, match="no such model"):
        await play(Fail(404, "not_found_error"))


@pytest.mark.parametrize("status", [429, 500, 529])
async def test_a_provider_in_trouble_is_asked_again_and_then_given_up(play: Play, status: int) -> None:
    played = await play(Fail(status, "overloaded_error", AT_ONCE))
    assert len(played.server.asked) == 1 + PROVIDER_RETRIES
    assert "provider answered" in played.worked.failure
    assert str(status) in played.worked.failure
    assert played.worked.limit is None


async def test_a_short_trouble_of_the_provider_is_not_noticed(
    service: Toolbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    troubles = [Fail(529, "overloaded_error", AT_ONCE), Fail(429, "rate_limit_error", AT_ONCE)]

    def script(_: Asked) -> Turn:
        return troubles.pop() if troubles else [Say("done")]

    with anthropic_server(script) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        worked = await Developer(open_model(KNOWN), PERSONA, lambda _: None).work("x", service, Allowance())
    assert (worked.said, worked.failure) == ("done", "")


async def test_a_provider_out_of_reach_is_said(service: Toolbox, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://127.0.0.1:{free.getsockname()[1]}")
    worked = await Developer(open_model(KNOWN), PERSONA, lambda _: None).work("x", service, Allowance())
    assert "cannot be reached" in worked.failure


async def played_by(function: FunctionModel, service: Toolbox) -> tuple[str, str, int]:
    events: list[ModelEvent] = []
    worked = await Developer(function, PERSONA, events.append).work("x", service, Allowance())
    return worked.said, worked.failure, sum(isinstance(event, ModelAnswered) for event in events)


async def test_an_empty_answer_is_asked_for_again(service: Toolbox) -> None:
    def once(messages: list[ModelMessage], _: AgentInfo) -> ModelResponse:
        return ModelResponse(parts=[] if len(messages) == 1 else [TextPart("done")])

    def always(_: list[ModelMessage], __: AgentInfo) -> ModelResponse:
        return ModelResponse(parts=[])

    assert await played_by(FunctionModel(once), service) == ("done", "", 2)
    said, failure, answers = await played_by(FunctionModel(always), service)
    assert said == ""
    assert failure
    assert answers < 10


async def test_arguments_that_are_no_json_are_told_to_the_model(service: Toolbox) -> None:
    def once(messages: list[ModelMessage], _: AgentInfo) -> ModelResponse:
        call = ToolCallPart("read_file", '{"path": ', "call-1")
        return ModelResponse(parts=[call] if len(messages) == 1 else [TextPart("done")])

    def always(_: list[ModelMessage], __: AgentInfo) -> ModelResponse:
        return ModelResponse(parts=[ToolCallPart("read_file", '{"path": ')])

    assert await played_by(FunctionModel(once), service) == ("done", "", 3)
    _, failure, answers = await played_by(FunctionModel(always), service)
    assert "read_file" in failure
    assert answers < 10
