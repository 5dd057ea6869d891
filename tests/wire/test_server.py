"""The server refuses what the real one refuses; otherwise a test against it would prove nothing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.server import AnthropicServer, Asked, Call, Say, Turn, anthropic_server

HEADERS = {"x-api-key": "k", "anthropic-version": "2023-06-01"}
TOOL = {"name": "read", "input_schema": {"type": "object"}}
USE = {"type": "tool_use", "id": "t1", "name": "read", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "x"}


def request(**changes: Any) -> dict[str, Any]:
    return {"model": "m", "max_tokens": 10, "messages": [{"role": "user", "content": "hello"}], **changes}


def play(asked: Asked) -> Turn:
    return [Say("first"), Call("read", {"path": "a"})] if asked.turn == 0 else [Say("done")]


def post(server: AnthropicServer, body: dict[str, Any], headers: dict[str, str] = HEADERS) -> httpx.Response:
    return httpx.post(f"{server.url}/v1/messages", json=body, headers=headers)


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "unknown field": (request(colour="red"), "Extra inputs are not permitted"),
    "no tokens": (request(max_tokens=0), "max_tokens"),
    "no messages": (request(messages=[]), "at least one message"),
    "assistant first": (request(messages=[{"role": "assistant", "content": "x"}]), "first message must use the 'user'"),
    "system as a role": (
        request(messages=[{"role": "user", "content": "x"}, {"role": "system", "content": "x"}]),
        "role",
    ),
    "empty text": (request(messages=[{"role": "user", "content": [{"type": "text", "text": " "}]}]), "non-whitespace"),
    "result without use": (request(messages=[{"role": "user", "content": [RESULT]}]), "unexpected `tool_use_id`"),
    "use without result": (
        request(
            messages=[
                {"role": "user", "content": "x"},
                {"role": "assistant", "content": [USE]},
                {"role": "user", "content": "y"},
            ]
        ),
        "without `tool_result` blocks immediately after",
    ),
    "result after text": (
        request(
            messages=[
                {"role": "user", "content": "x"},
                {"role": "assistant", "content": [USE]},
                {"role": "user", "content": [{"type": "text", "text": "y"}, RESULT]},
            ]
        ),
        "must come first",
    ),
    "two tools of one name": (request(tools=[TOOL, TOOL]), "unique"),
    "tool without schema": (request(tools=[{"name": "read"}]), "input_schema"),
    "choice without tools": (request(tool_choice={"type": "any"}), "while providing tools"),
    "five breakpoints": (
        request(system=[{"type": "text", "text": str(n), "cache_control": {"type": "ephemeral"}} for n in range(5)]),
        "maximum of 4 blocks",
    ),
    "unknown breakpoint": (request(cache_control={"type": "eternal"}), "ephemeral"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_request_that_breaks_a_rule_is_refused(name: str) -> None:
    body, message = BAD[name]
    with anthropic_server(play) as server:
        answer = post(server, body)
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]


def test_a_request_without_key_or_version_is_refused() -> None:
    with anthropic_server(play) as server:
        assert post(server, request(), {"anthropic-version": "1"}).status_code == 401
        assert post(server, request(), {"x-api-key": "k"}).status_code == 400


def test_it_plays_its_script_plain_and_streamed() -> None:
    with anthropic_server(play) as server:
        plain = post(server, request(tools=[TOOL])).json()
        streamed = post(server, request(tools=[TOOL], stream=True)).text
    assert [block["type"] for block in plain["content"]] == ["text", "tool_use"]
    assert plain["stop_reason"] == "tool_use"
    assert streamed.count("event: content_block_start") == 2
    assert streamed.rstrip().endswith('data: {"type": "message_stop"}')


def test_a_prefix_sent_before_is_read_from_the_cache() -> None:
    system = [{"type": "text", "text": "persona " * 100, "cache_control": {"type": "ephemeral"}}]
    with anthropic_server(play) as server:
        first = post(server, request(system=system)).json()["usage"]
        again = post(server, request(system=system)).json()["usage"]
    assert first["cache_read_input_tokens"] == 0
    assert again["cache_read_input_tokens"] == first["cache_creation_input_tokens"] > 150
