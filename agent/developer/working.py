"""Gives one assignment to the model, within what is left of the budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic_ai import Agent, ModelRetry, RunContext, RunUsage, UsageLimits
from pydantic_ai.exceptions import (
    AgentRunError,
    ContentFilterError,
    ModelAPIError,
    ModelHTTPError,
    ModelNotFoundError,
    RunTimedOut,
    UsageLimitExceeded,
)
from pydantic_ai.models import Model

from agent.developer.allowance import Allowance, Limit
from agent.developer.answers import Forgiving, Recording
from agent.developer.circling import Circling, GoingInCircles
from agent.developer.discretion import Discreet
from agent.developer.insisting import Insisting
from agent.developer.instrumenting import instrumented
from agent.developer.marking import Marking
from agent.developer.reserving import MOST_OUTPUT, NothingLeft, Reserving
from agent.developer.spoken import Understanding
from agent.developer.toolbox import Toolbox, toolset
from agent.errors import InputError, MissingDependency
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

_UNAUTHORISED = frozenset({401, 403})


ModelEvent = ModelAsked | ModelRefused | ModelAnswered
"""What is told while the model works."""


@dataclass(frozen=True, slots=True)
class Worked:
    """How the work on an assignment ended. Nothing in it is evidence."""

    said: str
    """The model's own words."""
    failure: str = ""
    """Why it stopped early; empty when it ended by itself."""
    limit: Limit | None = None
    """The limit of the budget that stopped it; None when none did."""
    circled: bool = False
    """It was ended because it went in circles."""
    provider: bool = False
    """It was ended by the model's provider."""
    found: tuple[str, ...] = ()
    """What in its changes only made checks pass."""

    @property
    def by_itself(self) -> bool:
        """The end was the model's own doing: no limit and no provider ended it."""
        return self.limit is None and not self.provider


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
        except NothingLeft as error:
            return Worked("", failure=error.message, limit=error.limit)
        except UsageLimitExceeded as error:
            return Worked("", failure=str(error), limit=_reached(used, allowance))
        except RunTimedOut:
            return Worked("", failure="the time was up", limit="minutes")
        except ModelNotFoundError as error:
            raise InputError(f"the model's provider knows no such model: {error}") from error
        except ModelHTTPError as error:
            if error.status_code in _UNAUTHORISED:
                raise MissingDependency(
                    f"the model's provider refuses the key; check it in the environment ({error})"
                ) from error
            return Worked("", failure=f"the model's provider answered: {error}", provider=True)
        except ModelAPIError as error:
            return Worked("", failure=f"the model's provider cannot be reached: {error}", provider=True)
        except ContentFilterError as error:
            return Worked("", failure=f"the model refused: {error.message}", provider=True)
        except GoingInCircles as error:
            return Worked("", failure=error.message, circled=True)
        except AgentRunError as error:
            return Worked("", failure=f"{type(error).__name__}: {error}")
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
