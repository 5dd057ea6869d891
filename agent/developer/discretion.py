"""What is sent to a model holds no secret, whatever part of the runtime put it there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    RetryPromptPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestContext
from pydantic_ai.tools import RunContext

from agent.developer.toolbox import Toolbox
from tools.redaction.room import room


@dataclass
class Discreet(AbstractCapability[Toolbox]):
    """Puts marks in place of the secrets of a whole conversation, each time it is sent.

    The model's own words stay: it has seen marks alone, and some providers sign what their models think.
    """

    async def before_model_request(
        self, ctx: RunContext[Toolbox], request_context: ModelRequestContext
    ) -> ModelRequestContext:
        del ctx
        return replace(request_context, messages=[_message(one) for one in request_context.messages])


def _message(message: ModelMessage) -> ModelMessage:
    if isinstance(message, ModelRequest):
        return replace(message, parts=[_part(part) for part in message.parts])
    return message


def _part(part: ModelRequestPart) -> ModelRequestPart:
    match part:
        case UserPromptPart():
            return replace(part, content=room.redact_all(part.content))
        case ToolReturnPart():
            content: Any = room.redact_all(part.content)
            return replace(part, content=content)
        case RetryPromptPart():
            return replace(part, content=room.redact_all(part.content))
        case _:
            return part
