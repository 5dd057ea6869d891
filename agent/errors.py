"""Every error the runtime raises on purpose, drawn in one place.

    AgentError                      exit code
    ├── InputError                  2    what was handed over cannot be used
    │   ├── TaskError                    the task file
    │   ├── ContractError                the OpenAPI document
    │   ├── CatalogError                 the SQL schema
    │   └── WorkspaceError               the repository or folder to work in
    ├── MissingDependency           4    the environment lacks something
    ├── BudgetExhausted             3    money, minutes or requests ran out
    └── RunNotFound                 2    no run of that name in the journal folder

Messages say what to do next, and hold no secret. `tools` has its own tree (`tools/errors.py`), because it imports
nothing from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from tools.redaction.room import room


class ExitCode(IntEnum):
    """What the process answers to its caller; a closed set."""

    OK = 0
    """Every checked obligation is met."""
    NOT_MET = 1
    """Delivered, with obligations that are not met."""
    BAD_INPUT = 2
    """The task, contract, schema or workspace cannot be used; nothing was written."""
    BUDGET = 3
    """The budget is used up; what was proven is delivered."""
    ENVIRONMENT = 4
    """The machine lacks something the run needs."""
    INTERRUPTED = 130
    """Stopped by the user; `agent resume` continues."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an input, and where."""

    place: str
    """`file:line`, a JSON pointer, or both: `openapi.yaml:12: #/paths/~1books`."""
    message: str
    """What is wrong and what would be right."""

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class AgentError(Exception):
    """Base of all errors that end a command with a message instead of a traceback."""

    exit_code: ExitCode = ExitCode.NOT_MET

    def __init__(self, message: str = "") -> None:
        super().__init__(room.redact(message))


class InputError(AgentError):
    """An input cannot be used. Carries every problem found, not only the first."""

    exit_code = ExitCode.BAD_INPUT

    def __init__(self, problems: Sequence[Problem] | str) -> None:
        given = [Problem("", problems)] if isinstance(problems, str) else problems
        found = [Problem(room.redact(one.place), room.redact(one.message)) for one in given]
        super().__init__("\n".join(str(problem) for problem in found))
        self.problems = tuple(found)


class TaskError(InputError):
    """The task file cannot be used."""


class ContractError(InputError):
    """The OpenAPI document cannot be used."""


class CatalogError(InputError):
    """The SQL schema cannot be used."""


class WorkspaceError(InputError):
    """The repository or folder to work in cannot be used."""


class RunNotFound(InputError):
    """No run of that name is recorded."""


class MissingDependency(AgentError):
    """The environment lacks something; the message says how to get it."""

    exit_code = ExitCode.ENVIRONMENT


class BudgetExhausted(AgentError):
    """Money, minutes or model requests ran out."""

    exit_code = ExitCode.BUDGET
