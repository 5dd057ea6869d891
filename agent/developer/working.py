"""Gives one assignment to the model, within what is left of the budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic_ai import Agent, UsageLimits
from pydantic_ai.exceptions import (
    AgentRunError,
    ModelAPIError,
    ModelHTTPError,
    UnexpectedModelBehavior,
    UsageLimitExceeded,
)
from pydantic_ai.models import Model

from agent.developer.allowance import Allowance
from agent.developer.answers import Forgiving, Recording
from agent.developer.toolbox import Toolbox, toolset
from agent.errors import MissingDependency
from agent.journal.events import ModelAnswered

REQUESTS_AN_ASSIGNMENT = 40
"""After so many requests an assignment ends, whatever the budget still allows: the gates then say where it stands."""

_UNAUTHORISED = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Worked:
    """How the work on an assignment ended. Nothing in it is evidence."""

    said: str
    """The model's own words."""
    failure: str = ""
    """Why it stopped early; empty when it ended by itself."""
    limit: str = ""
    """The budget limit that stopped it; empty when none did."""


class Developer:
    """A model with the persona and the tools."""

    def __init__(self, model: Model, persona: str, answered: Callable[[ModelAnswered], None]) -> None:
        self._agent = Agent(
            model,
            deps_type=Toolbox,
            instructions=persona,
            toolsets=[toolset],
            capabilities=[Recording(answered), Forgiving()],
            model_settings={"cache": True, "temperature": 0.0},
            retries=3,
        )

    async def work(self, assignment: str, toolbox: Toolbox, allowance: Allowance) -> Worked:
        """Let the model work until it stops by itself or a limit is reached. What it wrote stays in the worktree.

        Raises MissingDependency when the provider refuses the key.
        """
        requests = min(REQUESTS_AN_ASSIGNMENT, allowance.requests or REQUESTS_AN_ASSIGNMENT)
        limits = UsageLimits(request_limit=requests, cost_limit=allowance.usd)
        try:
            result = await self._agent.run(assignment, deps=toolbox, usage_limits=limits, timeout=allowance.seconds)
        except UsageLimitExceeded as error:
            return _stopped_by_limit(error, requests, allowance)
        except TimeoutError:
            return Worked("", failure="the time was up", limit="minutes")
        except ModelHTTPError as error:
            if error.status_code in _UNAUTHORISED:
                raise MissingDependency(f"the model's provider refuses the key: {error}") from error
            return Worked("", failure=f"the model's provider answered {error.status_code}: {error}")
        except (ModelAPIError, UnexpectedModelBehavior, AgentRunError) as error:
            return Worked("", failure=f"{type(error).__name__}: {error}")
        return Worked(result.output)


def _stopped_by_limit(error: UsageLimitExceeded, requests: int, allowance: Allowance) -> Worked:
    own = requests < (allowance.requests or requests + 1)
    if "cost" in str(error):
        return Worked("", failure=str(error), limit="usd")
    return Worked("", failure=str(error), limit="" if own else "model requests")
