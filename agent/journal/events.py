"""What can happen in a run; a closed set. The journal is a sequence of these, and nothing else is remembered."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from agent.receipts import Measures, Receipt, Verdict
from agent.rulebook.model import Gate

Finish = Literal["stop", "length", "content_filter", "tool_call", "error"]


class Ending(StrEnum):
    """Why a run stopped; a closed set."""

    COMPLETE = "complete"
    """Every checked obligation is met and no hole is open."""
    INCOMPLETE = "incomplete"
    """Something is not met, and nobody is left who could work on it."""
    STALLED = "stalled"
    """The developer worked, and the open obligations stayed the same."""
    BUDGET = "budget"
    """Money, minutes or model requests ran out."""


class Usage(BaseModel):
    """What the model cost."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests: int = 0
    input_tokens: int = 0
    """Cache reads and writes included."""
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    usd: Decimal | None = None
    """None when the price of the model is not known."""

    @property
    def tokens(self) -> int:
        """In and out together."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        known = [one for one in (self.usd, other.usd) if one is not None]
        return Usage(
            requests=self.requests + other.requests,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            usd=sum(known, Decimal(0)) if known else None,
        )


class OpenHole(BaseModel):
    """A function whose body nobody has written yet."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    file: str
    line: int
    operation: str
    reason: str = ""


class Assignment(BaseModel):
    """A few holes and failing obligations that belong together, given to the developer as one conversation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    """What it is about: `src/services/tickets.py`, `GET /books`, `the whole service`."""
    holes: tuple[OpenHole, ...] = ()
    obligations: tuple[str, ...] = ()
    """Ids of failing obligations; their receipts are in the verdict."""


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    at: datetime | None = None
    """When it was recorded, UTC; filled by the journal."""


class RunStarted(_Event):
    """The inputs were read and found good."""

    kind: Literal["run started"] = "run started"
    run: str
    title: str
    stack: str
    model: str
    """As pydantic-ai names it, or `offline`."""
    sandbox: str
    operations: int
    tables: int
    blueprint: bool


class Resumed(_Event):
    """A run that had stopped goes on."""

    kind: Literal["resumed"] = "resumed"
    process: int


class ToolchainReady(_Event):
    """The environment with the stack's tools is there."""

    kind: Literal["toolchain ready"] = "toolchain ready"
    seconds: float


class WorkspaceOpened(_Event):
    """The worktree is there, on a branch of its own."""

    kind: Literal["workspace opened"] = "workspace opened"
    worktree: str
    branch: str


class Scaffolded(_Event):
    """The blueprint has written what needs no judgement."""

    kind: Literal["scaffolded"] = "scaffolded"
    commit: str
    tree: str = ""
    """Hash of the tree that it left, formatted."""
    files: int
    holes: tuple[OpenHole, ...]
    replaced: tuple[str, ...] = ()
    """Files of the repository that were there with another content."""
    existing: bool = False
    """The repository holds a service already, and nothing was written over it."""
    seconds: float


class AssignmentGiven(_Event):
    """The developer starts to work."""

    kind: Literal["assignment given"] = "assignment given"
    assignment: Assignment
    singly: bool = False
    """It is asked for one function at a time, without tools."""


class ModelAsked(_Event):
    """A request is about to be sent. Until its answer is there, it counts with the most that it can cost."""

    kind: Literal["model asked"] = "model asked"
    reserved: Usage


class ModelRefused(_Event):
    """The provider answered a request with an error, and billed nothing."""

    kind: Literal["model refused"] = "model refused"
    reason: str


class AnswerPart(BaseModel):
    """A part of an answer: words, or a call of a tool."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = ""
    tool: str = ""
    """Empty: these are words."""
    arguments: dict[str, Any] | str = ""
    """As they came; text where they were no valid JSON."""


class ModelAnswered(_Event):
    """One answer of the model; recorded as soon as it is there, so that nothing paid for is forgotten."""

    kind: Literal["model answered"] = "model answered"
    usage: Usage
    tools: tuple[str, ...] = ()
    """The tools that it asked for."""
    parts: tuple[AnswerPart, ...] = ()
    """All of the answer that can be given again, without secrets."""
    finish: Finish | None = None
    """Why it ended, in pydantic-ai's words; None when the provider did not say."""


class Escalated(_Event):
    """The model made no progress; the next one of the run's list goes on with what is open."""

    kind: Literal["escalated"] = "escalated"
    model: str
    """Who goes on."""
    why: str


class PackageAdded(_Event):
    """A package that the service needs beside those of its stack is in its project, its lock and its environment."""

    kind: Literal["package added"] = "package added"
    requirement: str
    """As the project names it: `humanize==4.16.0`."""
    packages: tuple[str, ...]
    """All that came with it."""


class PackageRefused(_Event):
    """A package was asked for, and the policy does not let it in."""

    kind: Literal["package refused"] = "package refused"
    asked: str
    reason: str
    """One sentence: why, and what would be taken."""
    by: Literal["developer", "project"]
    """Who wants it: the developer, or the project as it was handed over."""


class AssignmentDone(_Event):
    """The developer stopped working on an assignment. What it says is not evidence."""

    kind: Literal["assignment done"] = "assignment done"
    title: str
    commit: str
    tree: str = ""
    """Hash of the tree that it left, formatted."""
    said: str
    failure: str = ""
    """Why it stopped early; empty when it ended by itself."""
    circled: bool = False
    """It was ended because it went in circles."""
    found: tuple[str, ...] = ()
    """What in its changes only made checks pass; most of it was put back."""
    changed: tuple[str, ...] = ()
    """Files of a repository that held a service: those of them that it changed or took away."""
    unwritten: tuple[str, ...] = ()
    """Functions that it was asked for one by one and that are open still; the same developer gets them with tools."""
    beyond: str = ""
    """Why the same developer does not get them; empty when it does."""


class GateSettled(_Event):
    """A check of a gate has settled its obligations on one tree."""

    kind: Literal["gate settled"] = "gate settled"
    tree: str
    check: str = ""
    """Its name; empty in journals of before checks had names."""
    gate: Gate
    receipts: tuple[Receipt, ...]
    measures: Measures
    seconds: float


class Verified(_Event):
    """All gates have settled on one tree."""

    kind: Literal["verified"] = "verified"
    verdict: Verdict
    holes: tuple[OpenHole, ...]
    seconds: float


class BudgetReached(_Event):
    """A limit was hit."""

    kind: Literal["budget reached"] = "budget reached"
    limit: str
    """Which one, in words: `2.00 USD`, `30 minutes`, `40 model requests`."""


class Delivered(_Event):
    """Reports are written; the run is over."""

    kind: Literal["delivered"] = "delivered"
    ending: Ending
    exit_code: int


class Interrupted(_Event):
    """The user stopped the run; it can be resumed."""

    kind: Literal["interrupted"] = "interrupted"


Event = Annotated[
    RunStarted
    | Resumed
    | ToolchainReady
    | WorkspaceOpened
    | Scaffolded
    | AssignmentGiven
    | ModelAsked
    | ModelRefused
    | ModelAnswered
    | Escalated
    | AssignmentDone
    | PackageAdded
    | PackageRefused
    | GateSettled
    | Verified
    | BudgetReached
    | Delivered
    | Interrupted,
    Field(discriminator="kind"),
]

event_adapter: TypeAdapter[Event] = TypeAdapter(Event)
