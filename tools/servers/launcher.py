"""Start a program that ends with its parent: `launcher.py UID GID PROGRAM ARGUMENT...`.

Used where bubblewrap cannot run. It gives up root first, because the kernel forgets the death signal when the user
changes, and is run as a file of its own, so that the interpreter needs nothing but its standard library.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_SET_DEATH_SIGNAL = 1
"""`PR_SET_PDEATHSIG` of `prctl(2)`."""


def main() -> None:
    """Become the program."""
    uid, gid, *command = sys.argv[1:]
    library = ctypes.CDLL(None, use_errno=True)
    parent = os.getppid()
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(int(gid), int(gid), int(gid))
        os.setresuid(int(uid), int(uid), int(uid))
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)  # a shell lets what it starts in the background ignore it
    library.prctl(_SET_DEATH_SIGNAL, int(signal.SIGQUIT), 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the parent ended during the start")
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
