"""The hidden tests take the right fill of a hole, and neither the open function nor fills that only look right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.places import cache_folder
from agent.stacks.registry import stack_named
from agent.workspace.toolchain import build_toolchain
from evals.holes.collection import all_holes, holes_named
from evals.holes.judging import Asked, judge
from evals.holes.starting import STACK, Started, started

SOME = ("warehouse/takeStock",)


@pytest.fixture(scope="module")
def toolchain() -> Path:
    """The environment in which services run."""
    return build_toolchain(stack_named(STACK).toolchain_lock(), cache_folder() / "toolchains")


@pytest.fixture(scope="module")
def hole(request: pytest.FixtureRequest) -> Iterator[Started]:
    """A hole in its service."""
    (found,) = holes_named((request.param,))
    with started(found) as open_one:
        yield open_one


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One hole as a rule, all of them with `--every-hole`."""
    if "hole" in metafunc.fixturenames:
        every = metafunc.config.getoption("--every-hole")
        metafunc.parametrize(
            "hole", [one.name for one in all_holes()] if every else SOME, indirect=True, scope="module"
        )


async def judged(hole: Started, folder: Path, toolchain: Path, source: str = "") -> Asked:
    """What is said of the tree with this function in it."""
    hole.write(folder)
    if source:
        hole.put(folder, source)
    return await judge(hole, folder, toolchain)


async def test_the_right_fill_passes(hole: Started, tmp_path: Path, toolchain: Path) -> None:
    assert (await judged(hole, tmp_path, toolchain, hole.reference())).failed == ()


async def test_the_open_function_does_not(hole: Started, tmp_path: Path, toolchain: Path) -> None:
    found = await judged(hole, tmp_path, toolchain)
    assert not found.filled
    assert "501" in found.failed[0]


async def test_wrong_fills_do_not(
    hole: Started, tmp_path: Path, toolchain: Path, request: pytest.FixtureRequest
) -> None:
    most = None if request.config.getoption("--every-hole") else 1
    for number, wrong in enumerate(hole.hole.kept.wrong[:most]):
        folder = tmp_path / str(number)
        assert not (await judged(hole, folder, toolchain, hole.wrong(wrong))).filled, wrong.why


async def test_a_service_that_cannot_start_fills_nothing(tmp_path: Path, toolchain: Path) -> None:
    (hole,) = holes_named(SOME)
    with started(hole) as open_one:
        open_one.write(tmp_path)
        (tmp_path / "src" / "main.py").write_text("raise SystemExit\n")
        found = await judge(open_one, tmp_path, toolchain)
    assert found.passed == ()
    assert "no application found" in found.failed[0]
