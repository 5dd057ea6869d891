"""Fuzzing in a process of its own: it answers, says what ended it, and never outlives who asked."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from agent.checklist.probe.fuzzing import Target
from agent.checklist.probe.fuzzing_apart import fuzzer
from agent.checklist.probe.requests import ABSENT, Request
from agent.contract.model import Contract


def target(contract: Contract) -> Target:
    """An operation that takes input."""
    operation = next(one for one in contract.operations if one.body is not None)
    request = Request(
        operation=operation,
        base_path=contract.base_path,
        path_values={},
        query={},
        headers={},
        body=ABSENT,
        media_type="application/json",
        credentials={},
        secrets=frozenset(),
    )
    return Target(request, 1.0)


async def test_what_happened_to_each_operation_comes_back(contract: Contract, tmp_path: Path) -> None:
    one = target(contract)
    async with fuzzer(contract) as fuzzing:
        found = await fuzzing.fuzz(tmp_path / "nobody.sock", [one], seconds=0.2, seed=7)
    assert list(found) == [one.key]
    assert found[one.key].asked
    assert list(found[one.key].failures) == ["no answer"]


async def test_the_process_is_gone_with_its_context(contract: Contract) -> None:
    async with fuzzer(contract) as fuzzing:
        assert fuzzing.process.returncode is None
    assert fuzzing.process.returncode is not None


async def test_what_a_terminal_sends_to_who_asks_does_not_reach_the_process(contract: Contract) -> None:
    """It would end with a result that nobody understands, while who asks is being stopped in order."""
    async with fuzzer(contract) as fuzzing:
        assert os.getpgid(fuzzing.process.pid) == fuzzing.process.pid


async def test_a_process_that_ends_early_is_an_error(contract: Contract, tmp_path: Path) -> None:
    async with fuzzer(contract) as fuzzing:
        fuzzing.process.kill()
        await fuzzing.process.wait()
        with pytest.raises(RuntimeError, match="fuzzing ended with exit code -9"):
            await fuzzing.fuzz(tmp_path / "nobody.sock", [], seconds=1, seed=7)


async def test_the_process_ends_when_nobody_waits_for_it(contract: Contract, tmp_path: Path) -> None:
    async with fuzzer(contract) as fuzzing:
        asking = asyncio.create_task(fuzzing.fuzz(tmp_path / "nobody.sock", [target(contract)], seconds=120, seed=7))
        await asyncio.sleep(2)
        assert fuzzing.process.returncode is None
        assert fuzzing.process.stdin is not None
        fuzzing.process.stdin.close()
        with pytest.raises(RuntimeError, match="exit code 1"):
            await asking
