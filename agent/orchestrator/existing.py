"""What a repository holds already, before anything is done in it."""

from __future__ import annotations

from agent.orchestrator.record import RunRecord
from agent.stacks.declared import FILE, declared
from agent.stacks.registry import stack_named
from agent.workspace.branching import files_at_base


def holds_service(record: RunRecord) -> bool:
    """Whether the commit at which a run begins is a service of the stack already, whoever wrote it.

    Raises WorkspaceError where the repository cannot be worked in, InputError where its `agent.toml` cannot be read.
    """
    if record.repository is None:
        return False
    stack = stack_named(record.stack)
    files = files_at_base(record.repository.resolve(), record.base, (*stack.entries(), FILE), stack.framework())
    declared(files)
    return stack.holds_service(files)
