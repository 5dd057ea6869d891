"""From a task file, or a mapping, to a checked task."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent.errors import Problem, TaskError
from agent.task.model import Task
from agent.task.problems import problems, shown
from agent.task.reading import Where, read_document


def load_task(path: Path) -> Task:
    """Read a task from a YAML or JSON file; its paths are relative to the file's folder.

    Raises TaskError, which carries every problem with file and line. Nothing is written.
    """
    document = read_document(path)
    return _checked(document.data, path.parent, str(path), document.lines)


def parse_task(data: Mapping[str, Any], folder: Path | None = None, place: str = "task") -> Task:
    """Check a task that is already data; its paths are relative to `folder` (the current one when left out).

    Raises TaskError, which carries every problem; `place` names the source in it.
    """
    return _checked(data, folder or Path(), place, {})


def _checked(data: Any, folder: Path, place: str, lines: Mapping[Where, int]) -> Task:
    if not isinstance(data, Mapping):
        raise TaskError([Problem(place, f"expected a mapping with title, api and schema, not {shown(data)}")])
    keyed = {str(key): value for key, value in data.items()}
    try:
        return Task.model_validate(keyed, context={"folder": folder})
    except ValidationError as error:
        raise TaskError(problems(error, keyed, place, lines)) from None
