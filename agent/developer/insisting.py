"""Makes a model call a tool where it has only talked: the next request leaves it no other choice."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.models import ModelRequestContext
from pydantic_ai.settings import ModelSettings, merge_model_settings
from pydantic_ai.tools import RunContext

from agent.developer.toolbox import Toolbox


@dataclass
class Insisting(AbstractCapability[Toolbox]):
    """Forces a call in the one request that follows `insist`; after it the model is free again.

    A model that cannot be forced, or a server that does not know how to, answers as it likes.
    """

    _now: bool = False

    def insist(self) -> None:
        """Force a call in the next request."""
        self._now = True

    async def before_model_request(
        self, ctx: RunContext[Toolbox], request_context: ModelRequestContext
    ) -> ModelRequestContext:
        del ctx
        insisted, self._now = self._now, False
        if not insisted or not request_context.model.profile.get("supports_forced_tool_choice", True):
            return request_context
        forced = merge_model_settings(request_context.model_settings, ModelSettings(tool_choice="required"))
        return replace(request_context, model_settings=forced)
