"""Gives one assignment to the model, within what is left of the budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pydantic_ai import Agent, ModelRetry, RunContext, RunUsage, UsageLimits
from pydantic_ai.exceptions import AgentRunError, UsageLimitExceeded
from pydantic_ai.models import Model

from agent.developer.allowance import Allowance, Limit
from agent.developer.answers import Forgiving, Recording
from agent.developer.circling import Circling
from agent.developer.discretion import Discreet
from agent.developer.ending import Worked, ended_by
from agent.developer.insisting import Insisting
from agent.developer.instrumenting import instrumented
from agent.developer.marking import Marking
from agent.developer.reserving import MOST_OUTPUT, Reserving
from agent.developer.spoken import Understanding
from agent.developer.toolbox import Toolbox, toolset
from agent.journal.events import ModelAnswered, ModelAsked, ModelRefused
from tools.telemetry.traces import Traces

REQUESTS_AN_ASSIGNMENT = 40
"""After so many requests an assignment ends, whatever the budget still allows: the gates then say where it stands."""

PROVIDER_RETRIES = 4
"""How often the provider's own client asks again after 429, 5xx or a lost connection, waiting longer each time."""

_NOTHING_CHANGED = (
    "No file has changed, so nothing of the assignment is done: only files count, not words. Call the tools to do it "
    "(write_file, edit_file, then check and run_tests). If it cannot be done, say why in one sentence."
)

ModelEvent = ModelAsked | ModelRefused | ModelAnswered
"""What is told while the model works."""


class Developer:
    """A model with the persona and the tools."""

    def __init__(
        self, model: Model, persona: str, happened: Callable[[ModelEvent], None], traces: Traces = Traces()
    ) -> None:
        self._insisting = Insisting()
        self._agent = Agent(
            model,
            name="backend-developer",
            deps_type=Toolbox,
            instructions=persona,
            toolsets=[toolset],
            capabilities=[
                *instrumented(traces),
                Reserving(happened),
                self._insisting,
                Circling(),  # what follows looks at an answer before it
                Recording(happened),
                Understanding(),
                Forgiving(),
                Marking(),
                Discreet(),
            ],
            # Breakpoints after the tools, after the persona and at the conversation's end: three of the four allowed.
            model_settings={"cache": True, "max_retries": PROVIDER_RETRIES, "max_tokens": MOST_OUTPUT},
            retries=3,
        )
        self._began = ""
        self._agent.output_validator(self._remind)

    async def work(self, assignment: str, toolbox: Toolbox, allowance: Allowance) -> Worked:
        """Let the model work until it stops by itself or a limit is reached. What it wrote stays in the worktree.

        Raises MissingDependency when the provider refuses the key, InputError when it has no such model.
        """
        requests = min(REQUESTS_AN_ASSIGNMENT, allowance.requests or REQUESTS_AN_ASSIGNMENT)
        limits = UsageLimits(request_limit=requests, cost_limit=allowance.usd, total_tokens_limit=allowance.tokens)
        used = RunUsage()
        self._began = toolbox.workspace.tree()
        try:
            result = await self._agent.run(
                assignment, deps=toolbox, usage=used, usage_limits=limits, timeout=allowance.seconds
            )
        except AgentRunError as error:
            worked = ended_by(error)
            overrun = isinstance(error, UsageLimitExceeded) and worked.limit is None
            return replace(worked, limit=_reached(used, allowance)) if overrun else worked
        return Worked(result.output)

    def _remind(self, ctx: RunContext[Toolbox], said: str) -> str:
        """Tell a model that stops without having changed anything, once, that words are no evidence."""
        if ctx.retry == 0 and ctx.deps.workspace.tree() == self._began:
            self._insisting.insist()
            raise ModelRetry(_NOTHING_CHANGED)
        return said


def _reached(used: RunUsage, allowance: Allowance) -> Limit | None:
    """Which limit of the budget it was; None when it was the assignment's own."""
    return "model_requests" if allowance.requests is not None and used.requests >= allowance.requests else None
