"""What a run is about, kept in its folder so that it can be resumed when the task's files have changed or gone."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from agent.catalog.model import Catalog
from agent.contract.model import Contract
from agent.errors import InputError
from agent.orchestrator.options import SandboxChoice
from agent.rulebook.model import StackName

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
    model: str
    sandbox: SandboxChoice
    blueprint: bool
    max_usd: Decimal | None
    max_minutes: float | None
    max_requests: int | None
    folder: Path | None
    """A new repository is made here."""
    repository: Path | None
    """Or a new branch in this one."""
    base: str | None
    warnings: tuple[str, ...] = ()
    """What was assumed about the inputs."""


def keep(folder: Path, record: RunRecord, contract: Contract, catalog: Catalog) -> None:
    """Write the record, and copies of contract and schema, into the run's folder."""
    inputs = folder / "inputs"
    inputs.mkdir(exist_ok=True)
    (inputs / _CONTRACT).write_text(json.dumps(contract.document, ensure_ascii=False), encoding="utf-8")
    statements = "".join(f"{statement.sql}\n;\n" for statement in catalog.statements)
    (inputs / _SCHEMA).write_text(statements, encoding="utf-8")
    (folder / _RECORD).write_text(record.model_dump_json(indent=2), encoding="utf-8")


def recall(folder: Path) -> tuple[RunRecord, Path, Path]:
    """The record of a run, and the files with its contract and its schema."""
    try:
        record = RunRecord.model_validate_json((folder / _RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / _RECORD}: cannot be read, so the run cannot be resumed ({error})") from error
    return record, folder / "inputs" / _CONTRACT, folder / "inputs" / _SCHEMA
