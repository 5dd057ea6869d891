"""`plan.yaml` beside a task: what a person corrected of the plan."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from agent.binding.corrections import Correction, Corrections
from agent.catalog.model import Catalog
from agent.contract.model import Contract
from agent.errors import Problem, TaskError
from agent.task.reading import Where, read_document

FILE = "plan.yaml"
"""Its name, beside the task file."""
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    table: Words = ""
    """The table whose rows the operation reads or writes."""
    rows: Literal["", "own", "all"] = ""
    """Whether only the caller's rows are read, or those of all."""
    callers: Literal["", "any"] = ""
    """`any`: whoever is logged in may call it."""
    hole: Words = ""
    """Not to be derived, and why."""


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    users: Words = ""
    """The table of those who log in."""
    operations: Mapping[str, _Said] = {}
    """By operation: `GET /books`."""


def read_plan(path: Path) -> Corrections:
    """What a plan file says; nothing when there is none.

    Raises TaskError with the place of what cannot be understood.
    """
    if not path.is_file():
        return Corrections()
    document = read_document(path)
    if document.data is None:
        return Corrections()
    try:
        said = _File.model_validate(document.data)
    except ValidationError as error:
        raise TaskError([_problem(one["loc"], one["msg"], path, document.lines) for one in error.errors()]) from None
    operations = {key: Correction(**one.model_dump()) for key, one in said.operations.items()}
    return Corrections(operations, said.users)


def check_plan(corrections: Corrections, contract: Contract, catalog: Catalog) -> None:
    """Raise TaskError when it speaks of operations or tables that there are not."""
    keys = {operation.key for operation in contract.operations}
    tables = {table.name for table in catalog.tables}
    named = {f"operations.{key}.table": one.table for key, one in corrections.operations.items()}
    problems = [Problem(FILE, f"there is no operation `{key}`") for key in corrections.operations if key not in keys]
    problems += [
        Problem(FILE, f"{place}: there is no table `{name}`; there are {', '.join(sorted(tables))}")
        for place, name in {**named, "users": corrections.users}.items()
        if name and name not in tables
    ]
    if problems:
        raise TaskError(problems)


def _problem(location: tuple[int | str, ...], message: str, path: Path, lines: Mapping[Where, int]) -> Problem:
    line = next((lines[location[:end]] for end in range(len(location), 0, -1) if location[:end] in lines), 0)
    place = f"{path.name}:{line}" if line else path.name
    return Problem(place, f"{'.'.join(map(str, location))}: {message[:1].lower()}{message[1:]}")
