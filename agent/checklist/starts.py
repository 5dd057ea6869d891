"""What one verification knows of how its service starts: what hung once is waited for by nobody again."""

from __future__ import annotations

from dataclasses import dataclass, field

_CHANCES = 2
"""Second starts of a service that never came up: more than one check may have been the first to start it."""
_IN_VAIN = 3
"""Requests without an answer within their ten seconds, after which a service that never answered counts as hanging."""


class NotRunning(Exception):
    """The service did not come up; the message says how it ended and what it printed."""

    def __init__(self, message: str, reproduce: str) -> None:
        super().__init__(message)
        self.reproduce = reproduce
        """A command that shows it again."""


@dataclass(slots=True)
class Starts:
    """The starts of one service, by whichever check: with a watcher, with other settings, or a second time.

    A service that ends by itself is cheap to start again, and may come up under other settings, or when the machine
    is less busy; one that hangs is waited for once. What came up or answered before does not count as hanging,
    however long it takes once.
    """

    _listened: bool = False
    _answered: bool = False
    _ended: int = 0
    _in_vain: list[str] = field(default_factory=list)
    _hung: NotRunning | None = None

    def proceed(self) -> None:
        """Raises `NotRunning` when the service is known to hang."""
        if self._hung is not None:
            raise NotRunning(str(self._hung), self._hung.reproduce)

    def listening(self) -> None:
        """It accepts connections."""
        self._listened = True

    def once_more(self) -> bool:
        """It ended by itself before it listened: whether it is to be started at once again.

        On a busy machine a good service may miss its own limits, of seconds for a connection to its database. What
        never came up gets only a few such chances in all. A service that fails at some of its starts is not noticed.
        """
        self._ended += 1
        return self._listened or self._ended <= _CHANCES

    def silent(self, why: str, reproduce: str) -> None:
        """It did not listen in time. Raises `NotRunning`, for the others too where it never did."""
        error = NotRunning(why, reproduce)
        if not self._listened:
            self._hung = error
        raise error

    def answered(self) -> None:
        """An answer came."""
        self._answered = True

    def unanswered(self, asked: str, printed: str, reproduce: str) -> None:
        """No answer came in time. Raises `NotRunning`, for the others too, when several got none and nothing any."""
        self._in_vain.append(asked)
        if not self._answered and len(self._in_vain) >= _IN_VAIN:
            named = ", ".join(self._in_vain[:_IN_VAIN])
            why = f"the service accepts connections and gives no answer; asked in vain: {named}:\n{printed}"
            self._hung = NotRunning(why, reproduce)
            raise self._hung
