"""Seeded defects are judged by the checks that they need, remembered, and told to programs."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from agent.errors import InputError
from agent.places import cache_folder
from agent.stacks.registry import stack_named
from agent.workspace.toolchain import build_toolchain
from evals.defects.evaluating import Choice, chosen, evaluate, steady
from evals.defects.judging import Judged, Steady, judge_good
from evals.defects.services import opened, service_named

NAMED = Choice(rules=frozenset({"NAM-ENV"}), services=("notes",))


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_STATE_DIR", str(tmp_path))


def test_a_defect_is_caught_once_and_then_known(tmp_path: Path) -> None:
    told: list[Judged | Steady] = []
    first = evaluate(NAMED, lambda judged, *_: told.append(judged))
    assert [(one.defect, one.missed, one.also) for one in first] == [("notes/lint/variable-in-lower-case", (), ())]
    memory = tmp_path / "evals" / "defects.jsonl"
    assert json.loads(memory.read_text())["caught"] == ["NAM-ENV:files", "RUF-SELECT:files"]
    memory.write_text(memory.read_text() + '{"defect": "cut o')
    assert evaluate(NAMED, lambda judged, *_: told.append(judged)) == first
    assert told == list(first)


def test_a_good_service_is_judged_as_often_as_wanted() -> None:
    done = steady(["notes"], 2, ["NAM-FUNC"], lambda *_: None, lambda _: None)
    assert [(one.service, one.findings) for one in done] == [("notes", ()), ("notes", ())]


def test_a_finding_is_told_when_it_is_made(tmp_path: Path) -> None:
    told: list[str] = []
    toolchain = build_toolchain(stack_named("python-fastapi").toolchain_lock(), cache_folder() / "toolchains")
    with opened(service_named("notes"), tmp_path) as good:
        shutil.copytree(good.folder, tmp_path / "bad")
        (tmp_path / "bad/src/core/naming.py").write_text("def notSoGood() -> None:\n    return\n")
        done = asyncio.run(judge_good(replace(good, folder=tmp_path / "bad"), toolchain, ["NAM-FUNC"], told.append))
    assert told == list(done.findings)
    assert [one for one in told if one.startswith("NAM-FUNC") and "notSoGood" in one]


@pytest.mark.parametrize("choice", [Choice(services=("nothing",)), Choice(rules=frozenset({"NO-RULE"}))])
def test_a_choice_of_nothing_is_refused(choice: Choice) -> None:
    with pytest.raises(InputError):
        chosen(choice)
