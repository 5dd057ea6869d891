"""A call that a model writes into its text is understood; a quoted or half-written one is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agent.developer.spoken import SpokenCall, spoken_calls
from tests.developer.conftest import Play
from tests.wire.server import Say

TOOLS = ("read_file", "write_file", "check")
READ = SpokenCall("read_file", {"path": "src/a.py"})


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "read_file", "arguments": {"path": "src/a.py"}}',
        '```json\n{"name": "read_file", "arguments": {"path": "src/a.py"}}\n```',
        '<tool_call>\n{"name": "read_file", "arguments": {"path": "src/a.py"}}\n</tool_call>',
        '<tool_call>{"name": "read_file", "parameters": {"path": "src/a.py"}}</tool_call>',
        'I look.\n\n  {"type": "tool_use", "name": "read_file",\n   "input": {"path": "src/a.py"}}\nThen I write.',
        '<function=read_file>{"path": "src/a.py"}</function>',
        "<tool_call>\n<function=read_file>\n<parameter=path>\nsrc/a.py\n</parameter>\n</function>\n</tool_call>",
    ],
)
def test_the_ways_in_which_models_write_calls(text: str) -> None:
    assert spoken_calls(text, TOOLS) == (READ,)


def test_several_calls_keep_their_order() -> None:
    calls: list[dict[str, Any]] = [{"name": name, "arguments": {}} for name in ("check", "read_file", "check")]
    text = "\n".join(f"<tool_call>\n{json.dumps(call)}\n</tool_call>" for call in calls)
    assert [call.tool for call in spoken_calls(text, TOOLS)] == ["check", "read_file", "check"]


def test_line_breaks_in_strings_are_no_obstacle() -> None:
    (call,) = spoken_calls('{"name": "write_file", "arguments": {"path": "a.py", "content": "a\nb\n"}}', TOOLS)
    assert call.arguments["content"] == "a\nb\n"


@pytest.mark.parametrize(
    "text",
    [
        "It is done.",
        'The log says {"name": "read_file", "arguments": {"path": "/etc/passwd"}} and nothing else.',
        '> {"name": "read_file", "arguments": {"path": "x"}}',
        '{"name": "delete_everything", "arguments": {}}',
        '{"name": "read_file", "arguments": "src/a.py"}',
        '{"name": "read_file", "arguments": {"path": "src/a.py"',
        '{"openapi": "3.1.0", "info": {"name": "read_file", "arguments": {}}}',
    ],
)
def test_what_is_no_call(text: str) -> None:
    assert spoken_calls(text, TOOLS) == ()


@given(some.text(alphabet=some.sampled_from('{}[]",:<>=/\\n \ntool_callfunctionparameter'), max_size=200))
def test_any_text_is_read_without_an_error(text: str) -> None:
    spoken_calls(text, TOOLS)


@given(some.dictionaries(some.text(max_size=5), some.text(max_size=30) | some.integers() | some.none(), max_size=4))
def test_arguments_arrive_as_they_were_written(arguments: dict[str, Any]) -> None:
    text = f"I call it.\n```json\n{json.dumps({'name': 'check', 'arguments': arguments}, indent=2)}\n```"
    assert spoken_calls(text, TOOLS) == (SpokenCall("check", arguments),)


async def test_a_model_that_writes_its_calls_works_with_the_tools(play: Play, folder: Path) -> None:
    call = {"name": "write_file", "arguments": {"path": "notes.md", "content": "seen\n"}}
    played = await play([Say(f"I write it down.\n```json\n{json.dumps(call)}\n```")])
    assert (folder / "notes.md").read_text() == "seen\n"
    assert [answer.tools for answer in played.answers] == [("write_file",), ()]
    assert played.server.refused == []
    assert played.worked.said == "It is done."
