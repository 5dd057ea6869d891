"""What a model does is told in spans by the GenAI conventions; what is said only where that is asked for."""

from __future__ import annotations

from decimal import Decimal

import pytest

from agent.developer.allowance import Allowance
from agent.developer.models import open_model
from agent.developer.toolbox import Toolbox
from agent.developer.working import Developer
from tests.developer.conftest import KNOWN
from tests.wire.otlp import Collector, collector
from tests.wire.server import Asked, Call, Fail, Say, Turn, anthropic_server
from tools.redaction.room import room
from tools.telemetry.opening import sending_traces

SECRET = "pw-of-a-model-Cx93vB"
PERSONA = "You are the persona-canary."
SAID = {
    "persona": "persona-canary",
    "assignment": "assignment-canary",
    "arguments of a tool": "argument-canary",
    "what a tool answered": "no such file",
    "the model's words": "words-canary",
}


async def played(service: Toolbox, monkeypatch: pytest.MonkeyPatch, *turns: Turn) -> Collector:
    """The spans of a model that takes these turns, then says a word that nobody else says."""

    def script(asked: Asked) -> Turn:
        return turns[asked.turn] if asked.turn < len(turns) else [Say("words-canary")]

    with anthropic_server(script) as server, collector() as found:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.url)
        with sending_traces(lambda _: None) as traces, traces.span("assignment"):
            developer = Developer(open_model(f"anthropic:{KNOWN}"), PERSONA, lambda _: None, traces)
            await developer.work(f"assignment-canary {SECRET}", service, Allowance(usd=Decimal(5)))
    return found


LOOK = [Call("read_file", {"path": "argument-canary"})]


async def test_conversation_requests_and_calls_are_spans_within_the_assignment(
    service: Toolbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await played(service, monkeypatch, LOOK)
    (conversation,) = found.named("invoke_agent")
    assert conversation.name == "invoke_agent backend-developer"
    assert found.above(conversation) == ["assignment"]
    (call,) = found.named("execute_tool")
    assert call.attributes["gen_ai.tool.name"] == "read_file"
    assert call.failed
    chats = found.named("chat")
    assert len(chats) == 3  # it looks, stops without a change, and is reminded once
    for chat in chats:
        assert found.above(chat) == [conversation.name, "assignment"]
        assert chat.name == f"chat {KNOWN}"
        assert chat.attributes["gen_ai.operation.name"] == "chat"
        assert chat.attributes["gen_ai.provider.name"] == "anthropic"
        assert chat.attributes["gen_ai.usage.input_tokens"] > 0
        assert chat.attributes["gen_ai.usage.output_tokens"] > 0


async def test_nothing_that_was_said_is_sent(service: Toolbox, monkeypatch: pytest.MonkeyPatch) -> None:
    found = await played(service, monkeypatch, LOOK)
    assert found.spans
    assert [kind for kind, text in SAID.items() if found.holding(text)] == []


async def test_where_it_is_asked_for_it_is_sent_without_secrets(
    service: Toolbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true")
    room.know(SECRET)
    found = await played(service, monkeypatch, LOOK, [Say(f"I say {SECRET}")])
    assert {kind for kind, text in SAID.items() if found.holding(text)} == set(SAID)
    assert found.holding(SECRET) == []


async def test_what_a_provider_answers_is_not_quoted(service: Toolbox, monkeypatch: pytest.MonkeyPatch) -> None:
    found = await played(service, monkeypatch, Fail(400, "quoted-canary"))
    (conversation,) = found.named("invoke_agent")
    assert conversation.failed
    assert found.holding("quoted-canary") == []
