"""A pytest plugin that ends a run in which nothing goes on: the import of the tests, or one test, takes too long.

What hung is written beside the record, and where it stood. The watch is kept outside of Python, so that no lock holds
it up; tests that stop it hang until the limit on the whole run.
"""

from __future__ import annotations

import faulthandler
from pathlib import Path

import pytest


class Patience:
    """The plugin. From its making on, so many seconds may pass until all tests are imported, and then for each test."""

    def __init__(self, file: Path, seconds: float) -> None:
        self._file = file.open("w", encoding="utf-8")
        self._seconds = seconds
        self._begin("collecting the tests")

    def pytest_collection_finish(self) -> None:
        """Everything is imported."""
        faulthandler.cancel_dump_traceback_later()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A test begins, its fixtures included."""
        self._begin(nodeid)

    def pytest_runtest_logfinish(self) -> None:
        """A test has ended."""
        faulthandler.cancel_dump_traceback_later()

    def _begin(self, what: str) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._file.write(f"{what}\n")
        self._file.flush()
        faulthandler.dump_traceback_later(self._seconds, exit=True, file=self._file)
