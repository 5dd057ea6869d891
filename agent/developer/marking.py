"""What tools give to the model is marked as data: it holds what files, programs and their tests say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.messages import ToolCallPart
from pydantic_ai.tools import RunContext, ToolDefinition

from agent.developer.toolbox import Toolbox
from prompts.marking import marked


@dataclass
class Marking(AbstractCapability[Toolbox]):
    """Marks every text that a tool returns."""

    async def after_tool_execute(
        self,
        ctx: RunContext[Toolbox],
        *,
        call: ToolCallPart,
        tool_def: ToolDefinition,
        args: dict[str, Any],
        result: Any,
    ) -> Any:
        del ctx, call, args
        return marked(result, tool_def.name) if isinstance(result, str) else result
