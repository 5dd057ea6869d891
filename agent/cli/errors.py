"""What is said when a command ends without a result: one message for people, one JSON object for programs."""

from __future__ import annotations

import io
import json
import sys
import traceback
from dataclasses import asdict
from types import TracebackType
from typing import cast

import typer
from typer.exceptions import TyperException

from agent.errors import AgentError, InputError
from tools.redaction.room import room


def tell(error: AgentError | TyperException, *, as_json: bool) -> int:
    """Say what went wrong on standard error, with `as_json` as an object on standard output too; the exit code."""
    if as_json:
        sys.stdout.write(error_object(error) + "\n")
    if isinstance(error, AgentError):
        sys.stderr.write(f"agent: {error}\n")
        return int(error.exit_code)
    usage = cast(typer.BadParameter, error)  # the library hides the class that all usage errors share
    shown = io.StringIO()
    usage.show(file=shown)
    sys.stderr.write(room.redact(shown.getvalue()))
    return usage.exit_code


def error_object(error: AgentError | TyperException) -> str:
    """One JSON object: the kind of error, the exit code, the message, and each problem with its place."""
    problems = [asdict(problem) for problem in error.problems] if isinstance(error, InputError) else []
    if isinstance(error, AgentError):
        found = {"error": type(error).__name__, "exit_code": int(error.exit_code), "message": str(error)}
    else:
        usage = cast(typer.BadParameter, error)
        found = {"error": "UsageError", "exit_code": usage.exit_code, "message": usage.format_message()}
    found["message"] = room.redact(str(found["message"]))
    return json.dumps({**found, "problems": problems}, indent=2)


def tell_defect(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """An error that nobody raised on purpose, as Python tells it, without secrets; for `sys.excepthook`."""
    sys.stderr.write(room.redact("".join(traceback.format_exception(kind, error, trace))))
