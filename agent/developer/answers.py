"""Turns each answer of the model into the event that records its cost, as soon as it is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.exceptions import ToolFailed
from pydantic_ai.messages import ModelResponse, ToolCallPart
from pydantic_ai.models import ModelRequestContext
from pydantic_ai.tools import RunContext, ToolDefinition
from pydantic_ai.usage import RequestUsage

from agent.developer.toolbox import Toolbox
from agent.journal.events import ModelAnswered, Usage
from tools.errors import ToolError


@dataclass
class Recording(AbstractCapability[Toolbox]):
    """Tells `answered` of each answer before anything else is done with it."""

    answered: Callable[[ModelAnswered], None]

    async def after_model_request(
        self, ctx: RunContext[Toolbox], *, request_context: ModelRequestContext, response: ModelResponse
    ) -> ModelResponse:
        del ctx, request_context
        tools = tuple(part.tool_name for part in response.parts if isinstance(part, ToolCallPart))
        self.answered(ModelAnswered(usage=usage_of(response.usage), tools=tools))
        return response


@dataclass
class Forgiving(AbstractCapability[Toolbox]):
    """Gives what a tool refuses back to the model as a failed call, so that it can do better."""

    async def on_tool_execute_error(
        self, ctx: RunContext[Toolbox], *, call: ToolCallPart, tool_def: ToolDefinition, args: object, error: Exception
    ) -> object:
        del ctx, call, tool_def, args
        if isinstance(error, ToolError):
            raise ToolFailed(str(error)) from error
        raise error


def usage_of(usage: RequestUsage) -> Usage:
    """The cost of one answer; tokens read from and written to the provider's cache are part of the input."""
    return Usage(
        requests=1,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        usd=usage.cost,
    )
