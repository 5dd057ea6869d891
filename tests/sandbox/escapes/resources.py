"""Attempts to use up the machine."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from tests.sandbox.escapes.attempt import Attempt, ended, error, python, says, shell
from tools.sandbox.base import Limits

_MEGABYTE = 1 << 20
_SMALL = Limits(seconds=20, memory_bytes=256 * _MEGABYTE)
_FEW_NAMES = Limits(seconds=30, workspace_bytes=20 * _MEGABYTE)
_FULL = Limits(seconds=30, workspace_bytes=100 * _MEGABYTE)

_FORKS = """
made = 0
try:
    while True:
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
        made += 1
        if made > 200:
            print("ESCAPED", flush=True)
            os.kill(0, 9)
except OSError as error:
    print("made", made, errno.errorcode[error.errno], flush=True)
    os._exit(3)
"""


def attempts() -> list[Attempt]:
    """All of them."""
    return [*_processes(), *_memory(), *_disk(), *_time(), *_output()]


def _processes() -> list[Attempt]:
    few = Limits(seconds=10, processes=64)
    return [
        Attempt(
            "a fork bomb",
            shell("f() { f | f & }; f; sleep 10"),
            "limits",
            ended("timeout", "processes"),
            limits=Limits(seconds=3),
        ),
        Attempt(
            "endless forks", python(_FORKS), "limits", ended("processes", said="made [1-9]?[0-9] EAGAIN"), limits=few
        ),
        Attempt(
            "endless threads",
            python(
                "import threading\n"
                "for n in range(300):\n"
                "    threading.Thread(target=time.sleep, args=(30,), daemon=True).start()"
            ),
            "limits",
            ended("processes", said="can't start new thread"),
            limits=few,
        ),
        Attempt(
            "processes that nobody waits for",
            python("for n in range(300):\n    if os.fork() == 0: os._exit(0)"),
            "limits",
            ended("processes", said="stopped: EAGAIN"),
            limits=few,
        ),
        Attempt(
            "orphans, one after the other",
            python(
                "for n in range(300):\n"
                "    child = os.fork()\n"
                "    if child == 0:\n"
                "        if os.fork() == 0: os._exit(0)\n"
                "        os._exit(0)\n"
                "    os.waitpid(child, 0)\n"
                "time.sleep(.3)\n"
                "left = sum(name.isdigit() for name in os.listdir('/proc'))\n"
                "if left < 10: raise OSError(3, 'all of them are gone')"
            ),
            "processes",
            error("ESRCH"),
            limits=few,
        ),
        Attempt(
            "a daemon",
            shell("setsid nohup sleep 4321.5 >/dev/null 2>&1 & echo left behind"),
            "processes",
            says("left behind"),
            harmed=lambda: _running("4321.5"),
        ),
        Attempt(
            "many open files",
            python("held = []\nfor n in range(1 << 20): held.append(os.open('/dev/null', 0))"),
            "limits",
            error("EMFILE"),
        ),
    ]


def _memory() -> list[Attempt]:
    gone = ended("memory", said="MemoryError|Cannot allocate|stopped: (ENOMEM|ENOSPC|EMFILE)")
    shared = "open(f'/dev/shm/{n}', 'wb').write(bytes(10 << 20))"
    return [
        Attempt(
            "memory",
            python("held = []\nfor n in range(60): held.append(bytearray(10 << 20))"),
            "limits",
            gone,
            limits=_SMALL,
        ),
        Attempt(
            "memory of many processes",
            python(
                "for n in range(8):\n"
                "    if os.fork() == 0:\n"
                "        held = [bytearray(b'x') * (100 << 20)]\n"
                "        time.sleep(5)\n"
                "        os._exit(0)\n"
                "answers = [os.wait()[1] for n in range(8)]\n"
                "if any(answers): raise OSError(12, 'one was killed')"
            ),
            "limits",
            gone,
            limits=_SMALL,
        ),
        Attempt(
            "memory without a name",
            python(
                "held = []\n"
                "for n in range(60):\n"
                "    held.append(os.memfd_create('x'))\n"
                "    os.write(held[-1], bytes(20 << 20))\n"
                "time.sleep(3)"
            ),
            "limits",
            gone,
            limits=_SMALL,
        ),
        Attempt(
            "memory as shared files",
            python(f"for n in range(60): {shared}"),
            "limits",
            ended("memory", said="ENOSPC"),
            limits=_SMALL,
        ),
        Attempt(
            "memory as files in /tmp",
            python("for n in range(60): open(f'/tmp/{n}', 'wb').write(bytes(10 << 20))"),
            "limits",
            ended("memory", said="ENOSPC"),
            limits=_SMALL,
        ),
        Attempt(
            "memory as names in /tmp",
            python("for n in range(1 << 20): os.mknod(f'/tmp/{n}')\ntime.sleep(2)"),
            "limits",
            ended("memory", "disk", said="ENOSPC"),
            limits=_SMALL,
        ),
        Attempt(
            "memory that cannot be swapped",
            python(
                "import mmap; m = mmap.mmap(-1, 64 << 20)\n"
                "place = ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(m)))\n"
                "if libc.mlock(place, ctypes.c_size_t(64 << 20)): "
                "raise OSError(ctypes.get_errno(), 'refused')"
            ),
            "limits",
            error("ENOMEM", "EPERM", "EAGAIN"),
        ),
    ]


def _disk() -> list[Attempt]:
    write = "open(f'{name}', 'wb').write(bytes(5 << 20))"
    return [
        Attempt(
            "one large file",
            shell("head -c 90000000 /dev/zero > big"),
            "limits",
            ended("file_size"),
            limits=Limits(seconds=20, file_bytes=20 * _MEGABYTE),
        ),
        Attempt(
            "one large file with holes",
            python("os.truncate(os.open('big', os.O_CREAT | os.O_RDWR), 1 << 40)"),
            "limits",
            ended("file_size", said="EFBIG"),
        ),
        Attempt(
            "many files",
            python(f"for name in range(300): {write}; time.sleep(.02)"),
            "watchdog",
            ended("disk"),
            limits=_FULL,
        ),
        Attempt(
            "many empty files",
            python("for n in range(9000): os.mknod(f'{n}')\ntime.sleep(2)"),
            "watchdog",
            ended("disk"),
            limits=_FEW_NAMES,
        ),
        Attempt(
            "many empty folders",
            python("for n in range(9000): os.mkdir(f'{n}')\ntime.sleep(2)"),
            "watchdog",
            ended("disk"),
            limits=_FEW_NAMES,
        ),
        Attempt(
            "files without a name",
            python(
                "held = []\nfor name in range(300):\n"
                "    held.append(open(f'{name}', 'wb', buffering=0)); os.unlink(f'{name}')\n"
                "    held[-1].write(bytes(5 << 20)); time.sleep(.02)"
            ),
            "watchdog",
            ended("disk"),
            limits=_FULL,
        ),
        Attempt(
            "files in a folder that cannot be looked into",
            python(
                "os.mkdir('dark'); os.chmod('dark', 0o300); os.chdir('dark')\n"
                f"for name in range(300): {write}; time.sleep(.02)"
            ),
            "watchdog",
            ended("disk"),
            limits=_FULL,
        ),
        Attempt(
            "files deeper than a path can name",
            python(
                "for n in range(30): os.mkdir('d' * 200); os.chdir('d' * 200)\n"
                f"for name in range(300): {write}; time.sleep(.02)"
            ),
            "watchdog",
            ended("disk"),
            limits=_FULL,
        ),
    ]


def _time() -> list[Attempt]:
    short = Limits(seconds=2)
    return [
        Attempt("sleep", shell("sleep 100"), "limits", ended("timeout"), limits=short),
        Attempt(
            "sleep without end in many sessions",
            shell("(setsid sleep 4322.5 &); (sleep 100 &); sleep 100"),
            "limits",
            ended("timeout"),
            limits=short,
            harmed=lambda: _running("4322.5"),
        ),
        Attempt(
            "sleep and take no signal",
            python("signal.pthread_sigmask(0, range(1, 65)); time.sleep(100)"),
            "limits",
            ended("timeout"),
            limits=short,
        ),
        Attempt(
            "compute", python("while True: pass"), "limits", ended("cpu"), limits=Limits(seconds=20, cpu_seconds=1)
        ),
        Attempt(
            "compute and take no signal",
            python("signal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass"),
            "limits",
            ended("cpu", "signalled"),
            limits=Limits(seconds=20, cpu_seconds=1),
        ),
        Attempt(
            "compute in many processes",
            python("os.fork(); os.fork()\nwhile True: pass"),
            "limits",
            ended("timeout", "cpu"),
            limits=replace(short, cpu_seconds=3),
        ),
    ]


def _output() -> list[Attempt]:
    little = Limits(seconds=20, output_bytes=20_000)
    return [
        Attempt("endless output", shell("yes"), "bounded output", ended("output"), limits=little),
        Attempt("endless errors", shell("yes >&2"), "bounded output", ended("output"), limits=little),
        Attempt(
            "much output",
            shell("head -c 3000000 /dev/zero; echo the end"),
            "bounded output",
            says(r"(?s)bytes left out .*the end"),
        ),
        Attempt(
            "a line without end",
            shell("head -c 3000000 /dev/zero | tr '\\0' x; echo the end"),
            "bounded output",
            says(r"(?s)bytes left out .*the end"),
        ),
    ]


def _running(word: str) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        lines = (_command_line(folder) for folder in Path("/proc").iterdir() if folder.name.isdigit())
        if not any(f"sleep\0{word}".encode() in line for line in lines):
            return False
        time.sleep(0.05)
    return True


def _command_line(folder: Path) -> bytes:
    try:
        return (folder / "cmdline").read_bytes()
    except OSError:
        return b""
