"""What the Messages API refuses, as the real one does it: one message for the first thing that is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

FIELDS = frozenset(
    [
        "model",
        "max_tokens",
        "messages",
        "system",
        "tools",
        "tool_choice",
        "stream",
        "temperature",
        "top_p",
        "top_k",
        "stop_sequences",
        "metadata",
        "thinking",
        "output_config",
        "cache_control",
        "service_tier",
        "container",
        "context_management",
    ]
)
BLOCKS = {
    "user": frozenset({"text", "image", "document", "tool_result"}),
    "assistant": frozenset({"text", "thinking", "redacted_thinking", "tool_use"}),
}
NAME = re.compile(r"^[a-zA-Z0-9_-]{1,128}$")
MAX_BREAKPOINTS = 4


class Invalid(Exception):
    """The request is refused with status 400; the message is the API's."""


def check(body: Mapping[str, Any]) -> None:
    """Raise `Invalid` for the first thing in a request that the API would refuse."""
    for name in body:
        _require(name in FIELDS, f"{name}: Extra inputs are not permitted")
    for name in ("model", "max_tokens", "messages"):
        _require(name in body, f"{name}: Field required")
    _require(isinstance(body["max_tokens"], int) and body["max_tokens"] >= 1, "max_tokens: must be at least 1")
    _check_tools(body.get("tools", []))
    _check_tool_choice(body)
    _check_messages(body["messages"])
    _check_breakpoints(body)


def _check_tools(tools: Sequence[Mapping[str, Any]]) -> None:
    names = [tool.get("name", "") for tool in tools]
    _require(len(names) == len(set(names)), "tools: Tool names must be unique.")
    for index, tool in enumerate(tools):
        _require(bool(NAME.match(tool.get("name", ""))), f"tools.{index}.name: String should match '{NAME.pattern}'")
        schema = tool.get("input_schema")
        _require(isinstance(schema, Mapping), f"tools.{index}.input_schema: Field required")
        _require(
            isinstance(schema, Mapping) and schema.get("type") == "object",
            f"tools.{index}.input_schema.type: Input should be 'object'",
        )


def _check_tool_choice(body: Mapping[str, Any]) -> None:
    choice = body.get("tool_choice")
    if choice is None:
        return
    _require(bool(body.get("tools")), "tool_choice: may only be specified while providing tools")
    _require(choice.get("type") in {"auto", "any", "tool", "none"}, "tool_choice.type: unknown")


def _check_messages(messages: Sequence[Mapping[str, Any]]) -> None:
    _require(len(messages) > 0, "messages: at least one message is required")
    _require(messages[0].get("role") == "user", "messages: first message must use the 'user' role")
    for index, message in enumerate(messages):
        _check_message(index, message, last=index == len(messages) - 1)
    _check_pairs(messages)


def _check_message(index: int, message: Mapping[str, Any], *, last: bool) -> None:
    place, role = f"messages.{index}", message.get("role")
    _require(role in BLOCKS, f"{place}.role: Input should be 'user' or 'assistant'")
    _require(set(message) <= {"role", "content"}, f"{place}: Extra inputs are not permitted")
    content = message.get("content")
    optional = last and role == "assistant"
    _require(bool(content) or optional, f"{place}: all messages must have non-empty content")
    for number, block in enumerate(blocks(content)):
        at = f"{place}.content.{number}"
        _require(block.get("type") in BLOCKS[str(role)], f"{at}.type: {block.get('type')!r} not allowed for {role}")
        if block["type"] == "text":
            _require(bool(str(block.get("text", "")).strip()), f"{at}: text content blocks must contain non-whitespace")
        if block["type"] == "tool_use":
            _require(bool(NAME.match(str(block.get("id", "")))), f"{at}.id: String should match '{NAME.pattern}'")
            _require(isinstance(block.get("input"), Mapping), f"{at}.input: Input should be a valid dictionary")
    if optional and blocks(content):
        text = blocks(content)[-1].get("text", "")
        _require(text == text.rstrip(), "messages: final assistant content cannot end with trailing whitespace")


def _check_pairs(messages: Sequence[Mapping[str, Any]]) -> None:
    for index, message in enumerate(messages):
        asked = [block["id"] for block in blocks(message["content"]) if block["type"] == "tool_use"]
        following = blocks(messages[index + 1]["content"]) if index + 1 < len(messages) else []
        answered = [block.get("tool_use_id") for block in following if block["type"] == "tool_result"]
        _require(len(asked) == len(set(asked)), f"messages.{index}: `tool_use` ids must be unique")
        missing = [one for one in asked if one not in answered]
        _require(
            not missing,
            f"messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately after: {missing}",
        )
        _check_results(index, messages, message)


def _check_results(index: int, messages: Sequence[Mapping[str, Any]], message: Mapping[str, Any]) -> None:
    kinds = [block["type"] for block in blocks(message["content"])]
    results = [block.get("tool_use_id") for block in blocks(message["content"]) if block["type"] == "tool_result"]
    before = blocks(messages[index - 1]["content"]) if index else []
    asked = {block["id"] for block in before if block["type"] == "tool_use"}
    for one in results:
        _require(one in asked, f"messages.{index}: unexpected `tool_use_id` found in `tool_result` blocks: {one}")
    _require(len(results) == len(set(results)), f"messages.{index}: each tool_use must have a single result")
    ordered = kinds[: len(results)] == ["tool_result"] * len(results)
    _require(ordered, f"messages.{index}: `tool_result` blocks must come first in the content")


def _check_breakpoints(body: Mapping[str, Any]) -> None:
    marks = list(_breakpoints(body))
    _require(
        len(marks) <= MAX_BREAKPOINTS,
        f"A maximum of {MAX_BREAKPOINTS} blocks with cache_control may be provided. Found {len(marks)}.",
    )
    for mark in marks:
        _require(mark.get("type") == "ephemeral", "cache_control.type: Input should be 'ephemeral'")
        _require(mark.get("ttl", "5m") in {"5m", "1h"}, "cache_control.ttl: Input should be '5m' or '1h'")


def _breakpoints(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        if value.get("cache_control"):
            yield value["cache_control"]
        for key, inner in value.items():
            if key not in {"input", "input_schema", "cache_control"}:
                yield from _breakpoints(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _breakpoints(inner)


def blocks(content: Any) -> list[dict[str, Any]]:
    """The content of a message as blocks, whichever form it was sent in."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return list(content or [])


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise Invalid(message)


def unmarked(text: str) -> str:
    """What a block of data holds; a text that is no such block as it is."""
    found = re.fullmatch(r"<data (\w+) [\w-]+>\n(.*)\n</data \1>", text, re.DOTALL)
    return found[2] if found else text
