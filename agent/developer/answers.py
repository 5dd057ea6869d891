"""What happens around the model's answers: each is recorded at once; what a tool refuses goes back to the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.exceptions import ModelHTTPError, ToolFailed
from pydantic_ai.messages import ModelResponse, ToolCallPart
from pydantic_ai.models import ModelRequestContext
from pydantic_ai.tools import RunContext, ToolDefinition
from pydantic_ai.usage import RequestUsage

from agent.developer.recorded import answer_parts
from agent.developer.toolbox import Toolbox
from agent.journal.events import ModelAnswered, ModelRefused, Usage
from agent.stacks.base import ServiceBroken
from prompts.marking import marked
from tools.errors import EditFailed, Refused

_REFUSALS = (Refused, EditFailed, ServiceBroken)
"""What a model can do better the next time, told in the message."""

_NO_SUCH_FILE: dict[type[Exception], str] = {
    FileNotFoundError: "there is no such file or folder; list_files shows what there is",
    IsADirectoryError: "is a folder",
    NotADirectoryError: "is no folder",
    FileExistsError: "a file stands where a folder is wanted",
}


@dataclass
class Recording(AbstractCapability[Toolbox]):
    """Tells `happened` of each answer before anything else is done with it, and of each refusal by the provider."""

    happened: Callable[[ModelAnswered | ModelRefused], None]

    async def after_model_request(
        self, ctx: RunContext[Toolbox], *, request_context: ModelRequestContext, response: ModelResponse
    ) -> ModelResponse:
        del ctx, request_context
        tools = tuple(part.tool_name for part in response.parts if isinstance(part, ToolCallPart))
        self.happened(
            ModelAnswered(
                usage=usage_of(response.usage),
                tools=tools,
                parts=answer_parts(response),
                finish=response.finish_reason,
            )
        )
        return response

    async def on_model_request_error(
        self, ctx: RunContext[Toolbox], *, request_context: ModelRequestContext, error: Exception
    ) -> ModelResponse:
        del ctx, request_context
        if isinstance(error, ModelHTTPError):
            self.happened(ModelRefused(reason=f"{error.status_code} {error.message}"))
        raise error


@dataclass
class Forgiving(AbstractCapability[Toolbox]):
    """Gives what a tool refuses back to the model as a failed call. Everything else is a defect, and ends the run."""

    async def on_tool_execute_error(
        self,
        ctx: RunContext[Toolbox],
        *,
        call: ToolCallPart,
        tool_def: ToolDefinition,
        args: dict[str, Any],
        error: Exception,
    ) -> object:
        del ctx, call
        if isinstance(error, _REFUSALS):
            raise ToolFailed(marked(str(error), tool_def.name)) from error
        asked = args.get("path") or args.get("folder")
        if asked and type(error) in _NO_SUCH_FILE:
            raise ToolFailed(marked(f"{asked}: {_NO_SUCH_FILE[type(error)]}", tool_def.name)) from error
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
