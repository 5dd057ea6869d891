"""The plain request: the file and its docstring go in, a function comes out, and is put where it belongs."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from agent.developer.filling import function_in
from agent.developer.models import open_model
from evals.holes.contestants import Left, Terms
from evals.holes.starting import Started
from tools.errors import EditFailed

_LONGEST = 4_096
"""Tokens of an answer, as our own runtime allows for one function."""


def ask_plainly(started: Started, terms: Terms, folder: Path) -> Left:
    """One request, without tools and without another try."""
    from pydantic_ai import Agent
    from pydantic_ai.exceptions import AgentRunError

    started.write(folder)
    agent = Agent(open_model(terms.model), output_type=str, model_settings={"max_tokens": _LONGEST}, retries=0)
    began = time.monotonic()
    try:
        result = asyncio.run(agent.run(_asked(started), timeout=terms.minutes * 60))
    except AgentRunError as error:
        return Left(time.monotonic() - began, 1, 0, 0, claimed=False, said=f"{type(error).__name__}: {error}")
    seconds, usage = time.monotonic() - began, result.usage
    said = _put(started, folder, function_in(result.output, started.view))
    return Left(seconds, 1, usage.input_tokens, usage.output_tokens, claimed=not said, said=said)


def _asked(started: Started) -> str:
    return (
        f"This is the file `{started.open.file}` of a FastAPI service on PostgreSQL:\n\n"
        f"```python\n{started.files[started.open.file]}```\n\n"
        f"Write its function `{started.open.name.rpartition('.')[2]}`; the docstring says what it does. Answer with "
        "one block of Python that holds the imports that the file lacks and the whole function, and nothing else."
    )


def _put(started: Started, folder: Path, source: str) -> str:
    """Why the function could not be put where it belongs; empty when it could."""
    if not source:
        return "the answer holds no function"
    try:
        started.put(folder, source)
    except EditFailed as error:
        return str(error)
    return ""
