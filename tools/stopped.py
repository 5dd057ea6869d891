"""Ctrl-C ends a whole process group: what it did to a program that was asked for something is meant for who asked."""

from __future__ import annotations

import signal

_STOPPING = frozenset({-signal.SIGINT, -signal.SIGTERM, -signal.SIGHUP})


def heed(returncode: int) -> None:
    """Raise KeyboardInterrupt where a program ended by a signal that stops: its failure is no answer."""
    if returncode in _STOPPING:
        raise KeyboardInterrupt
