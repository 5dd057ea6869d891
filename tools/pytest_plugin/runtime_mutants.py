"""Runs the tests, and then some of them again on code that was changed in one place, in the same process.

What a test needs is imported, migrated and connected by then, so that a change costs as long as the tests that run it.
A change is killed when a test fails with it, and passes without it right afterwards.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.runner import CallInfo

if TYPE_CHECKING:
    from tools.pytest_plugin.runtime_alone import LonelinessWatch
    from tools.pytest_plugin.runtime_lines import Line, LineWatch

_MOST = 40
"""Tests that one change is shown to, the quickest first; when more run its lines, and none of these fails, it is not
decided."""
_HANGING = 5.0
"""Seconds after which a test hangs that used to take less than a twentieth of it."""
_SLOWER = 20
_FEWEST = 16
"""Changes that are tried whatever they cost, as far as that does not take for ever."""
_WAITING = 20
"""How many times longer than they work changes may take, on a machine that others keep busy."""
_NAMED = 5

Write = Callable[[dict[str, Any]], None]


class TooLong(BaseException):
    """A test takes as long as none did before."""


@dataclass(frozen=True)
class Known:
    """A test that has passed on the code as it is."""

    item: Any
    lines: frozenset[Line]
    seconds: float


class MutantRunner:
    """The plugin; `write` takes what it sees, `swapping` makes what changes functions. The plan is gone once read."""

    def __init__(
        self, plan: Path, watch: LineWatch, alone: LonelinessWatch, swapping: Callable[[Any], Any], write: Write
    ) -> None:
        wanted = json.loads(plan.read_text("utf-8"))
        plan.unlink()
        self._seconds: float = wanted["seconds"]
        self._changes: Sequence[dict[str, Any]] = wanted["changes"]
        self._watch, self._alone, self._swapping, self._write = watch, alone, swapping, write
        self._known: list[Known] = []
        self._bad: set[str] = set()
        self._items: Sequence[Any] = ()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: Any) -> bool | None:
        """Run all tests as pytest does, keep what they share, and go on with the changes."""
        if session.testsfailed or session.config.option.collectonly or len(session.items) < 2:
            return None
        self._items = session.items
        for number, item in enumerate(self._items):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=self._items[number + 1 - len(self._items)])
        session._setupstate.teardown_exact(session)  # what only some tests share would stand in the way of the others
        self._watch.end()
        self._run_changes(session)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: Any) -> Iterator[None]:
        """See what a test runs."""
        self._watch.begin()
        started = time.perf_counter()
        result = yield
        lines, seconds = self._watch.seen(), time.perf_counter() - started
        self._write({"kind": "ran", "test": item.nodeid, "functions": _by_file(self._watch.called())})
        if item.nodeid not in self._bad:
            self._known.append(Known(item, lines, seconds))
            if self._alone.is_alone(item):
                self._write({"kind": "alone", "test": item.nodeid, "lines": _by_file(lines)})
        return result

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Tests that fail or are skipped as the code is say nothing about changes."""
        if not report.passed or hasattr(report, "wasxfail"):
            self._bad.add(report.nodeid)

    def _run_changes(self, session: Any) -> None:
        swapping = self._swapping(self._watch.modules)
        began, worked = time.monotonic(), time.process_time()
        for tried, mutant in enumerate(self._changes):
            spent = time.process_time() - worked > self._seconds
            if (spent and tried >= _FEWEST) or time.monotonic() - began > _WAITING * self._seconds:
                break
            decided = self._decide(session, swapping, mutant)
            self._write({"kind": "mutant", "number": mutant["number"], **decided})
            if decided["outcome"] == "broken":
                break

    def _decide(self, session: Any, swapping: Any, mutant: Mapping[str, Any]) -> dict[str, Any]:
        """What becomes of one change: the outcome, and the tests that ran with it."""
        wanted = {(mutant["file"], number) for number in range(mutant["first"], mutant["last"] + 1)}
        touching = sorted((one for one in self._known if wanted & one.lines), key=lambda one: one.seconds)
        ran: list[str] = []
        outcome = "survived"
        try:
            with swapping.changed(mutant["file"], _source(mutant)):
                for one in touching[:_MOST]:
                    ran.append(one.item.nodeid)
                    if not self._passes(one):
                        outcome = "killed"
                        break
            if outcome == "survived" and len(touching) > _MOST:
                outcome = "undecided"
        except swapping.refused as error:
            ran = [f"{error}"]
            outcome = "undecided"
        if outcome == "killed" and not self._is_whole(session, touching[len(ran) - 1]):
            outcome = "broken"
        named = ran[-1:] if outcome == "killed" else ran[:_NAMED]
        return {"outcome": outcome, "ran": len(ran), "tests": named}

    def _is_whole(self, session: Any, test: Known) -> bool:
        """Whether a test passes without the change; if need be, with everything made anew that tests share."""
        if self._passes(test):
            return True
        with _limited(_HANGING):
            session._setupstate.teardown_exact(None)
        return self._passes(test)

    def _passes(self, test: Known) -> bool:
        """Run one test without reporting it; only what all tests share stays for the next one."""
        item, most = test.item, max(_HANGING, _SLOWER * test.seconds)
        shared = item.session
        if not item._request:
            item._initrequest()
        hook = item.ihook
        try:
            fine = _runs(lambda: hook.pytest_runtest_setup(item=item), "setup", most)
            fine = fine and _runs(lambda: hook.pytest_runtest_call(item=item), "call", most)
            return _runs(lambda: hook.pytest_runtest_teardown(item=item, nextitem=shared), "teardown", most) and fine
        finally:
            item._request = False
            item.funcargs = None


def _runs(phase: Callable[[], object], when: Any, most: float) -> bool:
    with _limited(most):
        return CallInfo.from_call(phase, when=when).excinfo is None


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _source(mutant: Mapping[str, Any]) -> bytes:
    source = Path(mutant["file"]).read_bytes()
    text: str = mutant["text"]
    return source[: mutant["start"]] + text.encode() + source[mutant["end"] :]


def _by_file(lines: frozenset[Line]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for file, number in sorted(lines):
        found.setdefault(file, []).append(number)
    return found
