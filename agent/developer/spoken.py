"""Tool calls that a model writes into its text, as small and local models do, are understood as calls."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models import ModelRequestContext
from pydantic_ai.tools import RunContext

from agent.developer.toolbox import Toolbox

_ARGUMENTS = ("arguments", "parameters", "input")
"""Under which key models put them: Hermes and Qwen, Llama, Anthropic."""
_OBJECT = re.compile(r"^[ \t]*(?:<tool_call>[ \t]*)?(?=\{)", re.MULTILINE)
_FUNCTION = re.compile(r"^[ \t]*<function=([\w.-]+)>(.*?)</function>", re.MULTILINE | re.DOTALL)
_PARAMETER = re.compile(r"<parameter=([\w.-]+)>\n?(.*?)\n?</parameter>", re.DOTALL)
_DECODER = json.JSONDecoder(strict=False)


@dataclass(frozen=True, slots=True)
class SpokenCall:
    """A call as it was found in a text."""

    tool: str
    arguments: dict[str, Any]


@dataclass
class Understanding(AbstractCapability[Toolbox]):
    """Turns the calls that stand in an answer's text into real ones, where the answer has no real ones."""

    async def after_model_request(
        self, ctx: RunContext[Toolbox], *, request_context: ModelRequestContext, response: ModelResponse
    ) -> ModelResponse:
        del ctx
        if any(isinstance(part, ToolCallPart) for part in response.parts):
            return response
        tools = [tool.name for tool in request_context.model_request_parameters.function_tools]
        text = "\n".join(part.content for part in response.parts if isinstance(part, TextPart))
        calls = [ToolCallPart(call.tool, call.arguments) for call in spoken_calls(text, tools)]
        return replace(response, parts=[*response.parts, *calls]) if calls else response


def spoken_calls(text: str, tools: Collection[str]) -> tuple[SpokenCall, ...]:
    """The calls of these tools that begin a line of the text, in order, as JSON or as `<function=...>` tags.

    What is quoted in a sentence is no call. Text that is neither, or names no tool, gives none.
    """
    found = sorted([*_json_calls(text), *_tag_calls(text)], key=lambda one: one[0])
    return tuple(call for _, call in found if call.tool in tools)


def _json_calls(text: str) -> Iterator[tuple[int, SpokenCall]]:
    end = 0
    for match in _OBJECT.finditer(text):
        if match.end() < end:
            continue
        try:
            value, end = _DECODER.raw_decode(text, match.end())
        except (json.JSONDecodeError, RecursionError):
            continue
        call = _call_of(value)
        if call:
            yield match.end(), call


def _call_of(value: dict[str, Any]) -> SpokenCall | None:
    name = value.get("name")
    arguments = next((value[key] for key in _ARGUMENTS if isinstance(value.get(key), dict)), None)
    return SpokenCall(name, arguments) if isinstance(name, str) and arguments is not None else None


def _tag_calls(text: str) -> Iterator[tuple[int, SpokenCall]]:
    for match in _FUNCTION.finditer(text):
        parameters = dict(_PARAMETER.findall(match[2]))
        if parameters:
            yield match.start(), SpokenCall(match[1], parameters)
            continue
        try:
            value = json.loads(match[2], strict=False)
        except (json.JSONDecodeError, RecursionError):
            continue
        if isinstance(value, dict):
            yield match.start(), SpokenCall(match[1], value)
