"""How a model's work ended, and what an error of its provider means for the run."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic_ai.exceptions import (
    AgentRunError,
    ContentFilterError,
    ModelAPIError,
    ModelHTTPError,
    ModelNotFoundError,
    RunTimedOut,
)

from agent.developer.allowance import Limit
from agent.developer.circling import GoingInCircles
from agent.developer.reserving import NothingLeft
from agent.errors import InputError, MissingDependency

_UNAUTHORISED = frozenset({401, 403})


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
    changed: tuple[str, ...] = ()
    """Files of a repository that held a service: those of them that it changed or took away."""
    unwritten: tuple[str, ...] = ()
    """Functions that it was asked for one by one and that are open still."""
    beyond: str = ""
    """Why the same model is not asked for these again; empty when it is."""

    @property
    def by_itself(self) -> bool:
        """The end was the model's own doing: no limit and no provider ended it."""
        return self.limit is None and not self.provider


def ended_by(error: AgentRunError) -> Worked:
    """How work ended that this error ended.

    Raises MissingDependency when the provider refuses the key, InputError when it has no such model.
    """
    match error:
        case NothingLeft():
            return Worked("", failure=error.message, limit=error.limit)
        case RunTimedOut():
            return Worked("", failure="the time was up", limit="minutes")
        case ModelNotFoundError():
            raise InputError(f"the model's provider knows no such model: {error}") from error
        case ModelHTTPError() if error.status_code in _UNAUTHORISED:
            raise MissingDependency(
                f"the model's provider refuses the key; check it in the environment ({error})"
            ) from error
        case ModelHTTPError():
            return Worked("", failure=f"the model's provider answered: {error}", provider=True)
        case ModelAPIError():
            return Worked("", failure=f"the model's provider cannot be reached: {error}", provider=True)
        case ContentFilterError():
            return Worked("", failure=f"the model refused: {error.message}", provider=True)
        case GoingInCircles():
            return Worked("", failure=error.message, circled=True)
        case _:
            return Worked("", failure=f"{type(error).__name__}: {error}")
