"""Commands that try to leave the sandbox, or to use up the machine: each with what must not come of it."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tools.sandbox.base import CommandResult, Ending, Limits, Sandbox

SECRET = "the-hosts-secret"
PYTHON = "/usr/bin/python3"


@dataclass(frozen=True, slots=True)
class Escape:
    """One attempt."""

    name: str
    command: tuple[str, ...]
    refused: Callable[[CommandResult], bool]
    """True when the attempt came to nothing."""
    limits: Limits = field(default_factory=lambda: Limits(seconds=20))
    counted: bool = False
    """True when only control groups can name the limit."""


@dataclass(frozen=True, slots=True)
class Bait:
    """Things on the host that an attempt wants to reach."""

    file: Path
    """Readable by everyone, outside the worktree; holds SECRET."""
    port: int
    """Where the host listens on its loopback."""
    abstract: str
    """Name of an abstract unix socket on which the host listens."""


def without(text: str) -> Callable[[CommandResult], bool]:
    """The text was not printed."""
    return lambda result: text not in result.output


def ended_by(*endings: Ending) -> Callable[[CommandResult], bool]:
    """The command was stopped by one of these limits."""
    return lambda result: result.ending in endings


def shell(text: str) -> tuple[str, ...]:
    """A command line for the shell."""
    return ("/bin/bash", "-c", text)


def python(text: str) -> tuple[str, ...]:
    """A program for the system's Python."""
    return (PYTHON, "-c", text)


def escapes(bait: Bait) -> list[Escape]:
    """All attempts."""
    file = shlex.quote(str(bait.file))
    return [
        *_files(file, bait),
        *_git(),
        *_network(bait),
        *_kernel(),
        *_resources(),
        Escape("environment of the parent", shell("cat /proc/*/environ | tr '\\0' '\\n'; env"), without(SECRET)),
        Escape(
            "processes of the host",
            shell("ls /proc | grep -cE '^[0-9]+$'"),
            lambda result: int(result.stdout) < 12,
        ),
        Escape("output that is kept", shell("head -c 3000000 /dev/zero"), lambda result: len(result.stdout) < 300_000),
    ]


def _files(file: str, bait: Bait) -> list[Escape]:
    return [
        Escape("host file", shell(f"cat {file}"), without(SECRET)),
        Escape("host file by a link", shell(f"ln -sf {file} link; cat link"), without(SECRET)),
        Escape("host file by /proc/1/root", shell(f"cat /proc/1/root{file}; ls /proc/1/root/root"), without(SECRET)),
        Escape("host file by /proc/1/cwd", shell(f"cat /proc/1/cwd{file}"), without(SECRET)),
        Escape(
            "writing to the host by a link",
            shell(f"ln -sf {file}.new link2; echo pwned > link2"),
            lambda _: not bait.file.with_name(bait.file.name + ".new").exists(),
        ),
        Escape("password hashes", shell("cat /etc/shadow /etc/gshadow"), without("root:")),
        Escape("home of root", shell("ls -A /root /home && echo SEEN"), without("SEEN")),
        Escape(
            "writing to the system",
            shell("for f in /usr/x /etc/x /x /bin/x /dev/x; do touch $f && echo WROTE; done"),
            without("WROTE"),
        ),
        Escape("container socket", shell("ls /var/run/docker.sock /run/docker.sock && echo SEEN"), without("SEEN")),
        Escape(
            "file descriptors of the runtime",
            shell("ls /proc/self/fd | wc -l; for f in /proc/self/fd/*; do readlink $f; done"),
            lambda result: "memfd" not in result.stdout and "/tmp/" not in result.stdout,
        ),
        Escape(
            "device files",
            shell("mknod disk b 254 0 && echo MADE; mknod /tmp/disk b 254 0 && echo MADE; ls /dev/vda /dev/sda"),
            without("MADE"),
        ),
    ]


def _git() -> list[Escape]:
    return [
        Escape("a hook", shell("echo evil > .git/hooks/pre-commit && echo WROTE"), without("WROTE")),
        Escape("git's configuration", shell("echo '[core]' >> .git/config && echo WROTE"), without("WROTE")),
        Escape("another .git", shell("mv .git g && mkdir -p .git/hooks && echo WROTE"), without("WROTE")),
        Escape("removing .git", shell("rm -rf .git; ls .git/config"), lambda result: ".git/config" in result.stdout),
    ]


def _network(bait: Bait) -> list[Escape]:
    connect = "import socket; s = socket.socket({family}); s.settimeout(3); s.connect({address!r}); print('CONNECTED')"
    inet, unix = "socket.AF_INET", "socket.AF_UNIX"
    return [
        Escape("loopback of the host", python(connect.format(family=inet, address=("127.0.0.1", bait.port))), _cut),
        Escape("an abstract socket", python(connect.format(family=unix, address="\0" + bait.abstract)), _cut),
        Escape("the internet", python(connect.format(family=inet, address=("1.1.1.1", 53))), _cut),
        Escape("names", python("import socket; print(socket.getaddrinfo('example.com', 80), 'CONNECTED')"), _cut),
        Escape("raw packets", python("import socket; socket.socket(17, 3); print('CONNECTED')"), _cut),
    ]


def _cut(result: CommandResult) -> bool:
    return "CONNECTED" not in result.output and result.exit_code != 0


def _kernel() -> list[Escape]:
    return [
        Escape("a user namespace", shell("unshare -Ur id; unshare -Urm true && echo MADE"), without("uid=0(root)")),
        Escape(
            "a mount",
            shell("mount -t tmpfs none /tmp && echo DONE; mount -o remount,rw / && echo DONE"),
            without("DONE"),
        ),
        Escape("another namespace", shell("nsenter -t 1 -m true && echo DONE"), without("DONE")),
        Escape("set-user-id", shell("cp /bin/sh sh2; chmod 4755 sh2; ./sh2 -p -c id; su -c id"), without("uid=0")),
        Escape("kernel settings", shell("echo 1 > /proc/sys/kernel/panic && echo WROTE"), without("WROTE")),
        Escape("kernel triggers", shell("echo b > /proc/sysrq-trigger && echo WROTE"), without("WROTE")),
        Escape("kernel log", shell("dmesg && echo READ"), without("READ")),
        Escape("tracing", python(_TRACE), without("TRACED")),
        Escape("key ring", python(_syscall(250, 0, -3, 0)), without("WORKED")),
        Escape("io_uring", python(_syscall(425, 1, 0)), without("WORKED")),
        Escape("bpf", python(_syscall(321, 0, 0, 0)), without("WORKED")),
        Escape("clone3", python(_syscall(435, 0, 0)), lambda result: "errno 38" in result.output),
        Escape("terminal input", python(_TERMINAL), without("TYPED")),
    ]


_TRACE = "import ctypes; print('TRACED' if ctypes.CDLL(None).ptrace(16, 1, 0, 0) == 0 else 'no')"
_TERMINAL = "import fcntl, termios; fcntl.ioctl(open('/dev/tty'), termios.TIOCSTI, b'x'); print('TYPED')"


def _syscall(*numbers: int) -> str:
    return (
        "import ctypes; libc = ctypes.CDLL(None, use_errno=True); "
        f"answer = libc.syscall{numbers}; "
        "print('WORKED' if answer >= 0 else f'errno {ctypes.get_errno()}')"
    )


_FORKS = """
import os, time
made = 0
try:
    while True:
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
        made += 1
except OSError:
    print("made", made, flush=True)
    os._exit(3)
"""
_MEMORY = "x = []\nfor _ in range(400): x.append(bytearray(10 << 20))\nprint('GOT IT ALL')"
_MANY_FILES = "i=0; while [ $i -lt 300 ]; do head -c 5000000 /dev/zero > f$i; i=$((i+1)); sleep .02; done; echo FILLED"


def _resources() -> list[Escape]:
    short = Limits(seconds=2)
    return [
        Escape("endless", shell("sleep 100"), ended_by("timeout"), short),
        Escape(
            "endless with children", shell("(setsid sleep 100 &); (sleep 100 &); sleep 100"), ended_by("timeout"), short
        ),
        Escape(
            "a fork bomb", shell("f() { f | f & }; f; sleep 10"), ended_by("timeout", "processes"), Limits(seconds=3)
        ),
        Escape("forks", python(_FORKS), lambda result: _made(result) < 80, Limits(seconds=10, processes=64)),
        Escape(
            "forks are named", python(_FORKS), ended_by("processes"), Limits(seconds=10, processes=64), counted=True
        ),
        Escape("memory", python(_MEMORY), without("GOT IT ALL"), Limits(seconds=20, memory_bytes=256 << 20)),
        Escape("memory is named", python(_MEMORY), ended_by("memory"), Limits(memory_bytes=256 << 20), counted=True),
        Escape("one large file", shell("head -c 90000000 /dev/zero > big"), ended_by("file_size"), _file_limit()),
        Escape("many files", shell(_MANY_FILES), ended_by("disk"), Limits(seconds=30, workspace_bytes=100 << 20)),
        Escape(
            "files in /tmp",
            shell("head -c 250M /dev/zero > /tmp/a; head -c 99M /dev/zero > /tmp/b && echo FIT"),
            without("FIT"),
        ),
        Escape("files in shared memory", shell("head -c 99M /dev/zero > /dev/shm/a && echo FIT"), without("FIT")),
        Escape("endless output", shell("yes"), ended_by("output"), Limits(seconds=20, output_bytes=20_000)),
        Escape("processor time", python("while True: pass"), ended_by("cpu"), Limits(seconds=20, cpu_seconds=1)),
    ]


def _file_limit() -> Limits:
    return Limits(seconds=20, file_bytes=20 << 20)


def _made(result: CommandResult) -> int:
    return int(result.stdout.split()[-1])


async def attempt(sandbox: Sandbox, escape: Escape) -> CommandResult:
    """Carry an attempt out, from a worktree without what earlier ones left."""
    await sandbox.run(
        ("find", ".", "-mindepth", "1", "-maxdepth", "1", "-not", "-name", ".git", "-exec", "rm", "-rf", "{}", "+")
    )
    return await sandbox.run(escape.command, limits=escape.limits)
