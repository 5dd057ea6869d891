"""Errors for programs: what `--json` prints when there is nothing to deliver."""

from __future__ import annotations

import json
from dataclasses import asdict

from agent.errors import AgentError, InputError


def error_object(error: AgentError) -> str:
    """One JSON object: the kind of error, the exit code, and each problem with its place."""
    problems = [asdict(problem) for problem in error.problems] if isinstance(error, InputError) else []
    found = {"error": type(error).__name__, "exit_code": int(error.exit_code), "message": str(error)}
    return json.dumps({**found, "problems": problems}, indent=2)
