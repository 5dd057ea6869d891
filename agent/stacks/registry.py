"""The stacks that there are."""

from __future__ import annotations

from agent.errors import InputError
from agent.rulebook.model import StackName
from agent.stacks.base import Stack

AVAILABLE: tuple[StackName, ...] = ("python-fastapi",)
"""Names of the stacks that can be asked for."""


def stack_named(name: StackName) -> Stack:
    """The stack of that name; `InputError` when it is not available yet."""
    if name == "python-fastapi":
        from agent.stacks.python_fastapi.stack import PythonFastapi

        return PythonFastapi()
    raise InputError(f"stack {name} is not available yet; available: {', '.join(AVAILABLE)}")
