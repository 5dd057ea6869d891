"""How a run is stopped from outside: Ctrl-C, SIGTERM and a closed terminal all end it in the same orderly way."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from agent.delivery.model import Delivery

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class RunInterrupted(KeyboardInterrupt):
    """A run was stopped. It is recorded, its children are gone, its reports are written; it can be resumed."""

    def __init__(self, delivery: Delivery) -> None:
        super().__init__(f"interrupted; `agent resume {delivery.run}` continues")
        self.delivery = delivery


@contextmanager
def stoppable() -> Iterator[None]:
    """Meanwhile SIGTERM and SIGHUP raise KeyboardInterrupt, as Ctrl-C does; a signal that is ignored stays ignored.

    Outside the main thread nothing changes: whoever runs it there handles signals.
    """

    def stop(*_: object) -> None:
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in the background by a script
            raise KeyboardInterrupt
        signal.raise_signal(signal.SIGINT)

    main = threading.current_thread() is threading.main_thread()
    heeded = [number for number in _SIGNALS if main and signal.getsignal(number) is not signal.SIG_IGN]
    previous = {number: signal.signal(number, stop) for number in heeded}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Meanwhile who presses Ctrl-C once more is not heard, for the moment that it takes to write where a run stands."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, *_SIGNALS)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
