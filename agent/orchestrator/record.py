"""What a run is about, kept in its folder so that it can be resumed when the task's files have changed or gone."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from agent.binding.corrections import Corrections
from agent.checklist.effort import Effort
from agent.errors import InputError
from agent.orchestrator.inputs import Inputs
from agent.orchestrator.options import RunOptions, chosen_models
from agent.rulebook.model import StackName
from agent.task.model import ExistingRepository, NewFolder, Task, slug
from tools.redaction.models import redacted
from tools.redaction.room import room
from tools.sandbox.base import SandboxChoice, SandboxKind

DEFAULT_MINUTES = 60.0
DEFAULT_REQUESTS = 400
_RECORD = "run.json"
_CONTRACT = "contract.json"
_SCHEMA = "schema.sql"


class RunRecord(BaseModel):
    """The task as far as a resumed run needs it; contract and schema lie beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    slug: str
    description: str
    acceptance: str
    stack: StackName
    models: tuple[str, ...]
    """In the order in which they are tried; empty: offline."""
    singly: tuple[str, ...] = ()
    """Those of them that are asked for single functions before they are given tools."""
    small: tuple[str, ...] = ()
    """Those of these that are known to be too small for tools: what they cannot write alone, the next model gets."""
    sandbox: SandboxChoice
    """Asked for, and once the run has started, the one that was chosen."""
    trusted: bool = False
    """The user vouched for code that others wrote."""
    blueprint: bool
    existing: bool = False
    """The repository holds a service, which is added to: nothing is written over it."""
    max_usd: Decimal | None
    max_minutes: float | None
    max_requests: int | None
    max_tokens: int | None = None
    folder: Path | None
    """A new repository is made here."""
    repository: Path | None
    """Or a new branch in this one."""
    base: str | None
    packages: tuple[str, ...] = ()
    """Packages that the task allows beside those that are allowed for all runs."""
    effort: Effort = Effort()
    corrections: Corrections = Corrections()
    """What a person said about the plan."""
    proposed: bool = False
    """The schema was proposed; it is written beside the code."""
    warnings: tuple[str, ...] = ()
    """What was assumed about the inputs."""

    @classmethod
    def of(cls, task: Task, options: RunOptions) -> Self:
        """What a task asks for, as far as the options leave it to the task; secrets in its words are left out."""
        place = None if options.out else task.workspace
        repository = place if isinstance(place, ExistingRepository) else None
        folder = place.folder if isinstance(place, NewFolder) else None
        title = room.redact(task.title)
        record = cls(
            title=title,
            slug=slug(title),
            description=task.description,
            acceptance="\n".join(task.acceptance),
            packages=task.packages,
            stack=task.stack,
            models=chosen_models(options.models, task.model)[0],
            sandbox=options.sandbox,
            trusted=options.trusted,
            blueprint=options.blueprint is not False,
            effort=options.effort,
            max_usd=_first(options.max_usd, task.budget.usd),
            max_minutes=_first(options.max_minutes, task.budget.minutes, DEFAULT_MINUTES),
            max_requests=_first(options.max_requests, task.budget.model_requests, DEFAULT_REQUESTS),
            max_tokens=_first(options.max_tokens, task.budget.tokens),
            folder=options.out.expanduser().absolute() if options.out else folder,
            repository=repository.repository if repository else None,
            base=repository.base if repository else None,
        )
        return redacted(record)

    def with_options(self, options: RunOptions) -> Self:
        """The same with the models, the limits and the trust that are given for the rest of the run."""
        names = ("max_usd", "max_minutes", "max_requests", "max_tokens")
        given: dict[str, Any] = {name: getattr(options, name) for name in names}
        given["models"] = chosen_models(options.models, ())[0] if options.models else None
        given["trusted"] = self.trusted or options.trusted
        return self.model_copy(update={name: value for name, value in given.items() if value is not None})

    @property
    def sandbox_kind(self) -> SandboxKind:
        """Where the delivered code runs while it is checked; `auto` never means none."""
        return "bubblewrap" if self.sandbox == "auto" else self.sandbox


def keep(folder: Path, record: RunRecord, inputs: Inputs) -> None:
    """Write the record, and copies of contract and schema, into the run's folder."""
    copies = folder / "inputs"
    copies.mkdir(exist_ok=True)
    (copies / _CONTRACT).write_text(json.dumps(inputs.contract.document, ensure_ascii=False), encoding="utf-8")
    statements = "".join(f"{statement.sql}\n;\n" for statement in inputs.catalog.statements)
    (copies / _SCHEMA).write_text(inputs.proposal or statements, encoding="utf-8")
    keep_record(folder, record)


def keep_record(folder: Path, record: RunRecord) -> None:
    """Write the record anew; it is there whole at any time."""
    unfinished = folder / f"{_RECORD}.new"
    unfinished.write_text(redacted(record).model_dump_json(indent=2), encoding="utf-8")
    unfinished.replace(folder / _RECORD)


def recall(folder: Path) -> tuple[RunRecord, Path, Path]:
    """The record of a run, and the files with its contract and its schema. Raises InputError when it is unreadable."""
    try:
        record = RunRecord.model_validate_json((folder / _RECORD).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{folder / _RECORD}: cannot be read ({error.strerror}); start a new run") from error
    except ValueError as error:
        raise InputError(f"{folder / _RECORD}: is not of this version; start a new run") from error
    return record, folder / "inputs" / _CONTRACT, folder / "inputs" / _SCHEMA


def _first[T: (float, int, Decimal)](*values: T | None) -> T | None:
    return next((value for value in values if value is not None), None)
