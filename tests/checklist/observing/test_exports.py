"""What a watcher left is read without trust, and a profile is one of the time that is asked about."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.checklist.observing.exports import Profile, profile_in


def test_a_profile_names_what_was_seen_most_often() -> None:
    assert Profile(200, {"wait (a.py)": 20, "work (b.py)": 150}).spots(1) == ["75 % work (b.py)"]


def test_what_was_seen_before_does_not_count() -> None:
    before, after = Profile(100, {"start": 90, "work": 10}), Profile(300, {"start": 90, "work": 110, "wait": 100})
    assert after.since(before) == Profile(200, {"work": 100, "wait": 100})
    assert after.since(after).spots() == []


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"looks": 1}', '{"looks": "many", "seen": {"a": 1}}', '{"looks": 5, "seen": [1]}'],
)
def test_what_is_no_profile_counts_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "profile.json").write_text(content)
    assert profile_in(tmp_path).spots() == []


def test_counts_that_are_no_numbers_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "profile.json").write_text(json.dumps({"looks": 2, "seen": {"a": "many", "b": 1}}))
    assert profile_in(tmp_path).spots() == ["50 % b"]


def test_without_a_file_there_is_no_profile(tmp_path: Path) -> None:
    assert profile_in(tmp_path) == Profile(0, {})
