"""Whatever goes wrong between runtime and provider: the work goes on, or ends with a reason; nothing is done twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.developer.allowance import Allowance
from agent.developer.models import open_model
from agent.developer.toolbox import Toolbox
from agent.developer.working import PROVIDER_RETRIES, Developer, ModelEvent
from tests.developer.conftest import KNOWN, PERSONA, Play, text_of
from tests.wire.server import Asked, Call, Cut, Ended, Fail, Say, Turn, anthropic_server

UNKNOWN = "qwen2.5-coder"
"""A model without a known price; its answers are not streamed."""
WRITE = Call("write_file", {"path": "notes.md", "content": "line\n" * 400})


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("model", [KNOWN, UNKNOWN])
async def test_an_answer_that_is_cut_in_the_middle_of_a_call_does_nothing(
    play: Play, folder: Path, model: str, share: float
) -> None:
    played = await play(Cut([WRITE], share), model=model)
    assert not (folder / "notes.md").exists()
    assert played.worked.failure == "the model's provider cannot be reached: Connection error."
    assert [event.kind for event in played.events] == ["model asked"], "its worst case counts as spent"


@pytest.mark.parametrize("model", [KNOWN, UNKNOWN])
async def test_a_connection_that_breaks_before_the_answer_is_made_again(
    model: str, service: Toolbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[Turn] = [[Say("done")], [WRITE], Cut()]
    events: list[ModelEvent] = []

    def script(_: Asked) -> Turn:
        return turns.pop()

    with anthropic_server(script) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        worked = await Developer(open_model(f"anthropic:{model}"), PERSONA, events.append).work(
            "x", service, Allowance()
        )
    assert (worked.said, worked.failure) == ("done", "")
    assert service.files.text("notes.md").startswith("line")


async def test_an_answer_that_ended_at_its_longest_is_not_taken_for_a_whole_one(play: Play, folder: Path) -> None:
    half = Call("write_file", {"path": "notes.md"})
    played = await play(Ended([half], "max_tokens"), [WRITE])
    assert "Field required" in text_of(played.results[0])
    assert (folder / "notes.md").exists()
    assert played.server.refused == []


async def test_a_refusal_ends_the_assignment_with_its_reason(play: Play) -> None:
    played = await play(Ended([], "refusal"))
    assert played.worked.failure.startswith("the model refused: ")
    assert len(played.worked.failure) < 200
    assert len(played.answers) == 1


async def test_a_conversation_that_is_too_long_ends_the_assignment(play: Play) -> None:
    played = await play([WRITE], Fail(400, "invalid_request_error", {}))
    assert "400" in played.worked.failure


@pytest.mark.parametrize("headers", [{"retry-after-ms": "1"}, {"retry-after": "0"}])
async def test_a_provider_that_says_when_to_come_back_is_asked_then(play: Play, headers: dict[str, str]) -> None:
    played = await play(Fail(429, "rate_limit_error", headers))
    assert len(played.server.asked) == 1 + PROVIDER_RETRIES


async def test_wrong_types_and_unknown_tools_are_told_to_the_model(play: Play, folder: Path) -> None:
    played = await play([Call("write_file", {"path": 7, "content": ["x"]}), Call("rm", {"path": "."})], [WRITE])
    wrong, unknown = played.results[:2]
    assert "valid string" in text_of(wrong)
    assert "rm" in text_of(unknown)
    assert (folder / "notes.md").exists()


async def test_the_same_answer_is_not_done_twice(play: Play, folder: Path) -> None:
    edit = Call("edit_file", {"path": "notes.md", "old": "a\n", "new": "a\na\n"})
    await play([Call("write_file", {"path": "notes.md", "content": "a\n"})], [edit])
    assert (folder / "notes.md").read_text() == "a\na\n"
