"""Who has the mark is found, also while it forks and begins other programs."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterator

import pytest

from tests.sandbox.conftest import gone
from tools.sandbox.marking import MARK, kill_marked, ticks


@pytest.fixture
def mark() -> Iterator[str]:
    made, since = uuid.uuid4().hex, ticks()
    yield made
    kill_marked(made, since)


@pytest.mark.parametrize("_", range(5))
def test_who_forks_and_begins_again_does_not_escape(mark: str, _: int) -> None:
    word, since = f"35{uuid.uuid4().int % 10**8:08d}", ticks()
    script = f"(setsid sh -c 'i=0; while [ $i -lt 300 ]; do i=$((i+1)); (setsid sleep {word} &); done' &)"
    subprocess.run(["bash", "-c", script], env={"PATH": os.environ["PATH"], MARK: mark}, check=True)
    kill_marked(mark, since)
    assert gone(word)


def test_who_has_another_mark_or_none_lives(mark: str) -> None:
    path, since = {"PATH": os.environ["PATH"]}, ticks()
    with (
        subprocess.Popen(["sleep", "600"], env={**path, MARK: "another"}) as another,
        subprocess.Popen(["sleep", "600"], env=path) as unmarked,
        subprocess.Popen(["sleep", "600"], env={**path, MARK: mark}) as marked,
    ):
        kill_marked(mark, since)
        assert marked.wait(60) == -9
        assert (another.poll(), unmarked.poll()) == (None, None)
        another.kill()
        unmarked.kill()


def test_what_shows_no_environment_is_not_waited_for_where_it_was_there_before(mark: str) -> None:
    with subprocess.Popen(["sleep", "600"], env={}, executable="/bin/sleep") as bare:
        kill_marked(mark, ticks() + 10_000)
        assert bare.poll() is None
        bare.kill()
