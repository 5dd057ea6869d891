"""The machine is compared with itself at its best."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from agent.checklist.yardstick import slowdown_beside


async def slowdown(folder: Path) -> float:
    found, slowed = await slowdown_beside(folder, asyncio.sleep(0.15, "found"))
    assert found == "found"
    return slowed


async def test_a_machine_that_was_never_seen_is_at_its_best(tmp_path: Path) -> None:
    assert await slowdown(tmp_path) == 1.0
    (best,) = json.loads((tmp_path / "yardstick.json").read_text()).values()
    assert 0 < best < 1


async def test_it_is_slower_by_as_much_as_known_work_takes_longer(tmp_path: Path) -> None:
    await slowdown(tmp_path)
    file = tmp_path / "yardstick.json"
    ((machine, best),) = json.loads(file.read_text()).items()
    file.write_text(json.dumps({machine: best / 1000, "another": 1e-9}))
    assert await slowdown(tmp_path) > 100
    assert json.loads(file.read_text()) == {machine: best / 1000, "another": 1e-9}


async def test_a_better_time_is_kept(tmp_path: Path) -> None:
    await slowdown(tmp_path)
    file = tmp_path / "yardstick.json"
    ((machine, best),) = json.loads(file.read_text()).items()
    file.write_text(json.dumps({machine: best * 1000}))
    assert await slowdown(tmp_path) == 1.0
    assert json.loads(file.read_text())[machine] < best * 100


@pytest.mark.parametrize("content", ["", "[]", "no object", '{"machine": "fast"}', '{"machine": -1.0}'])
async def test_what_is_not_ours_counts_as_absent(tmp_path: Path, content: str) -> None:
    (tmp_path / "yardstick.json").write_text(content)
    assert await slowdown(tmp_path) == 1.0


async def test_a_folder_that_keeps_nothing_is_no_error(tmp_path: Path) -> None:
    assert await slowdown(tmp_path / "nowhere") == 1.0
