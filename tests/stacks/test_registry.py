from __future__ import annotations

import pytest

from agent.errors import InputError
from agent.stacks.registry import AVAILABLE, stack_named


def test_the_python_stack_is_there() -> None:
    stack = stack_named("python-fastapi")
    assert stack.name == "python-fastapi"
    assert stack.toolchain_lock().is_file()


def test_a_stack_that_is_not_written_yet_is_refused_with_those_that_are() -> None:
    with pytest.raises(InputError) as raised:
        stack_named("typescript-fastify")
    assert "typescript-fastify" in str(raised.value)
    assert all(name in str(raised.value) for name in AVAILABLE)


def test_the_lock_names_versions_and_hashes_and_no_address() -> None:
    text = stack_named("python-fastapi").toolchain_lock().read_text()
    assert "--hash=sha256:" in text
    assert "://" not in text
    assert "index-url" not in text
