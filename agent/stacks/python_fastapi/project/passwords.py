"""Integration tests of callers who send their password with every request."""

from __future__ import annotations

from agent.binding.callers import Proof
from agent.stacks.python_fastapi.project.comparing import quoted, quoted_table
from agent.stacks.python_fastapi.project.rendering import render
from agent.stacks.python_fastapi.project.scenario import ask, unknown_path
from agent.stacks.python_fastapi.project.shape import Shape
from agent.stacks.python_fastapi.project.source import literal


def passwords_file(shape: Shape) -> str:
    """The text of `tests/integration/test_passwords.py`, for a service that takes passwords somewhere."""
    accounts = shape.accounts
    assert accounts is not None
    taking = [one for one in shape.binding.operations if Proof.PASSWORD in shape.binding.alone(one.operation)]
    bound = min(taking, key=lambda one: (not one.operation.protected, one.operation.method != "get", bool(one.path)))
    key, password = quoted(accounts.id_column), quoted(accounts.password_column)
    change = f"UPDATE {quoted_table(accounts.table)} SET {password} = $1 WHERE {key} = $2"
    return render(
        "tests/test_passwords.py.jinja",
        request=ask(shape, bound, unknown_path(shape, bound), headers="headers"),
        change=literal(change),
        user={"login": literal(accounts.login_column), "id": literal(accounts.id_column)},
    )
