"""What a caller may choose about a run, beside what the task says."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import cast, get_args

from agent.checklist.effort import Effort
from agent.developer.naming import provider_and_name
from agent.errors import InputError
from agent.journal.events import Event
from agent.stack_name import StackName
from tools.redaction.models import redacted
from tools.redaction.room import room
from tools.sandbox.base import SandboxChoice

OFFLINE = "offline"
"""The model name that stands for none: the blueprint alone."""

PERSONA_MODEL = "anthropic:claude-sonnet-5-5"
"""The persona asks for `sonnet`: the current one."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Choices for one run. What is None is taken from the task, then from the defaults."""

    models: tuple[str, ...] = ()
    """As pydantic-ai names them (`anthropic:claude-sonnet-5-5`), the next one for when one makes no progress; or
    `offline` alone."""
    out: Path | None = None
    """Folder for the new repository; overrides the task's workspace."""
    sandbox: SandboxChoice = "auto"
    trusted: bool = False
    """The user vouches for code that others wrote: it may run without a sandbox, where that is asked for."""
    max_usd: Decimal | None = None
    max_minutes: float | None = None
    max_requests: int | None = None
    max_tokens: int | None = None
    blueprint: bool | None = None
    """False: the model writes everything; judged the same. None: the blueprint works where no service stands yet."""
    effort: Effort = Effort()
    """How long the checklist looks for what is hard to find."""
    strict: bool = False
    """Refuse a contract that is slightly invalid, although it is clear what is meant."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something to tell whoever watches; not part of the journal."""

    text: str
    stage: str = ""
    """The stage that it is about, for timing: `toolchain`, `catalog`."""


Listener = Callable[[Event | Note], None]
"""Called for each event of the run and each note, in order, from the run's own thread."""


def discreet(listener: Listener) -> Listener:
    """The same listener, told of everything without secrets."""

    def listen(told: Event | Note) -> None:
        listener(Note(room.redact(told.text), told.stage) if isinstance(told, Note) else redacted(told))

    return listen


def silent(_: Event | Note) -> None:
    """A listener that does nothing."""


def chosen_models(options: Sequence[str], task: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """The models to use, and why: the options, the task's, the persona's own where there is a key; none is offline.

    Raises InputError when `offline` is named beside a model, or a name is not of the form `provider:name`.
    """
    if options:
        return _models(options), "asked for"
    if task:
        return _models(task), "named by the task"
    if os.environ.get("ANTHROPIC_API_KEY"):
        return (PERSONA_MODEL,), "the persona's choice, ANTHROPIC_API_KEY is set"
    return (), "no --model and no ANTHROPIC_API_KEY: the blueprint works alone"


def _models(names: Sequence[str]) -> tuple[str, ...]:
    if OFFLINE in names and len(names) > 1:
        raise InputError(f"model: {OFFLINE} means no model, so it stands alone; leave it out, or the others")
    if OFFLINE in names:
        return ()
    for name in names:
        provider_and_name(name)
    return tuple(names)


def in_words(models: Sequence[str]) -> str:
    """`offline`, or the models in the order in which they are tried."""
    return ", then ".join(models) or OFFLINE


def sandbox_choice(name: str) -> SandboxChoice:
    """The choice of that name. Raises InputError when there is none."""
    for choice in get_args(SandboxChoice):
        if choice == name:
            return cast(SandboxChoice, choice)
    raise InputError(f"--sandbox {name}: expected one of {', '.join(get_args(SandboxChoice))}")


def decimal_or_none(value: float | None) -> Decimal | None:
    """An amount of money as typed on the command line. Raises InputError when it is no finite number."""
    if value is not None and not math.isfinite(value):
        raise InputError(f"--max-usd {value}: expected an amount")
    return None if value is None else Decimal(str(value))


def effort_of(fuzz: float | None, mutants: float, load: float) -> Effort:
    """The budgets as typed on the command line. Raises InputError when one is no finite number."""
    for name, value in (("--fuzz", fuzz), ("--mutants", mutants), ("--load", load)):
        if value is not None and not math.isfinite(value):
            raise InputError(f"{name} {value}: expected seconds")
    return Effort(fuzz_seconds=fuzz, mutant_seconds=mutants, load_seconds=load)


def stack_choice(name: str) -> StackName:
    """The stack of that name. Raises InputError when there is none."""
    for choice in get_args(StackName):
        if choice == name:
            return cast(StackName, choice)
    raise InputError(f"--stack {name}: expected one of {', '.join(get_args(StackName))}")
