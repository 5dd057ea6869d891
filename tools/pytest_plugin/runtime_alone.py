"""Which tests need nothing outside them: no connection, and no application that is asked as a whole."""

from __future__ import annotations

import asyncio.selector_events
import sys
from collections.abc import Generator
from typing import Any

import pytest

_CONNECTING = frozenset({"socket.connect", "sqlite3.connect"})
_WRITING = ("write", "writelines")


class LonelinessWatch:
    """A pytest plugin that knows of the current test whether it is alone.

    A fixture that has connected stands for its connection: whoever uses it later is not alone either. What connects in
    C without a word to Python's audit hooks, and writes without asyncio, goes unseen.
    """

    def __init__(self) -> None:
        self._reached = False
        self._connecting_fixtures: set[int] = set()
        sys.addaudithook(self._audit)
        transport = getattr(asyncio.selector_events, "_SelectorSocketTransport", None)
        for name in _WRITING:
            if transport is not None and hasattr(transport, name):
                setattr(transport, name, self._noticing(getattr(transport, name)))

    def note_application(self) -> None:
        """An application was asked."""
        self._reached = True

    def is_alone(self, item: Any) -> bool:
        """Whether the test that has just run needed nothing outside it."""
        used = (one for several in item._fixtureinfo.name2fixturedefs.values() for one in several)
        return not self._reached and not any(id(one) in self._connecting_fixtures for one in used)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        """A test begins."""
        self._reached = False

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Generator[None, object, object]:
        """A fixture is made: what is reached meanwhile, is its business."""
        before, self._reached = self._reached, False
        try:
            return (yield)
        finally:
            if self._reached:
                self._connecting_fixtures.add(id(fixturedef))
            self._reached = before or self._reached

    def _noticing(self, called: Any) -> Any:
        def noticing(*arguments: Any) -> Any:
            self._reached = True
            return called(*arguments)

        return noticing

    def _audit(self, event: str, _: tuple[Any, ...]) -> None:
        if event in _CONNECTING:
            self._reached = True
