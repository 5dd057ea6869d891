"""Keeps the errors that a service logs while a test runs: an answer of 500 does not say what went wrong."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import Any

_LONGEST = 400
"""Characters of one error."""


class Logged:
    """What was logged with an exception since the test began; the last one counts."""

    def __init__(self) -> None:
        self._last = ""

    def watch(self) -> None:
        """Look at every record from now on, whichever handlers the service has."""
        made: Any = logging.getLogRecordFactory()

        def noting(*arguments: Any, **named: Any) -> logging.LogRecord:
            record: logging.LogRecord = made(*arguments, **named)
            if record.levelno >= logging.ERROR and record.exc_info and record.exc_info[1] is not None:
                self._last = _told(record.exc_info[1])
            return record

        logging.setLogRecordFactory(noting)

    def forget(self) -> None:
        """A test begins."""
        self._last = ""

    def before(self, message: str) -> str:
        """What a failed test says, below the error."""
        return f"the service logged an error: {self._last}\n{message}" if self._last else message


def _told(error: BaseException) -> str:
    """Place in the service's own code, kind and words of an error, of that which it was made from where it was."""
    while error.__cause__ is not None:
        error = error.__cause__
    here = f"{Path.cwd()}/"
    frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename.startswith(here)]
    place = f"{frames[-1].filename.removeprefix(here)}:{frames[-1].lineno}: {frames[-1].line}\n" if frames else ""
    return f"{place}{''.join(traceback.format_exception_only(error)).strip()}"[:_LONGEST]
