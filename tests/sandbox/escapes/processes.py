"""Attempts on other processes, on rights, on what was inherited, and on the terminal."""

from __future__ import annotations

from pathlib import Path

from tests.sandbox.escapes.attempt import Attempt, ended, error, python, says, shell
from tests.sandbox.escapes.bait import Bait


def attempts(bait: Bait) -> list[Attempt]:
    """All of them."""
    return [*_others(bait), *_rights(), *_inherited(), *_terminal()]


def _others(bait: Bait) -> list[Attempt]:
    def gone() -> bool:
        return not Path("/proc", str(bait.pid)).exists()

    filtered = error("EPERM")
    return [
        Attempt(
            "signal a process of the host", python(f"os.kill({bait.pid}, 9)"), "processes", error("ESRCH"), harmed=gone
        ),
        Attempt(
            "signal everyone",
            python("os.kill(-1, 9); raise OSError(3, 'nobody of the host')"),
            "processes",
            error("ESRCH"),
            elsewhere={"docker": ended("signalled")},  # its own guard, and with that the container
            harmed=gone,
        ),
        Attempt(
            "signal the first process",
            shell("kill -9 1; sleep .1; echo still here"),
            "processes",
            says("still here"),
            harmed=gone,
        ),
        Attempt(
            "a handle of a process of the host",
            python(f"os.pidfd_open({bait.pid})"),
            "processes",
            error("ESRCH", "EPERM", "ENOSYS"),
            control="ESCAPED",
        ),
        Attempt(
            "processes of the host",
            shell("echo $(ls -d /proc/[0-9]* | wc -l) processes"),
            "processes",
            says(r"^\d processes"),
            control=r"\d\d processes",
        ),
        Attempt("trace", python("call(101, 0, 0, 0, 0)"), "system call filter", filtered, control="ESCAPED"),
        Attempt("trace the first process", python("call(101, 16, 1, 0, 0)"), "system call filter", filtered),
        Attempt(
            "read another's memory",
            python(f"call(310, {bait.pid}, None, 0, None, 0, 0)"),
            "system call filter",
            filtered,
            control="ESCAPED|ESRCH|EINVAL",
        ),
        Attempt(
            "write another's memory",
            python(f"call(311, {bait.pid}, None, 0, None, 0, 0)"),
            "system call filter",
            filtered,
            control="ESCAPED|ESRCH|EINVAL",
        ),
        Attempt(
            "take another's descriptor", python("call(438, -1, 0, 0)"), "system call filter", filtered, control="EBADF"
        ),
        Attempt(
            "compare kernel objects",
            python("call(312, 1, 1, 0, 0, 0)"),
            "system call filter",
            filtered,
        ),
        Attempt(
            "enter the namespaces of process 1",
            python("call(308, -1, 0)"),
            "system call filter",
            filtered,
            control="EBADF",
        ),
        Attempt(
            "a segment of System V shared memory",
            python(f"call(29, {bait.segment}, 4096, 0)"),
            "system call filter",
            filtered,
            control="ESCAPED",
        ),
        Attempt(
            "a queue of System V messages",
            python("call(68, 0x5ec0, 0)"),
            "system call filter",
            filtered,
            control="ENOENT",
        ),
        Attempt(
            "System V semaphores", python("call(64, 0x5ec0, 1, 0)"), "system call filter", filtered, control="ENOENT"
        ),
        Attempt(
            "the host's name",
            python("print(socket.gethostname()); socket.sethostname('owned')"),
            "privileges",
            error("EPERM"),
        ),
    ]


def _rights() -> list[Attempt]:
    no_more = "open('/proc/self/status').read()"
    return [
        Attempt("become root", python("os.setresuid(0, 0, 0)"), "privileges", error("EPERM", "EINVAL")),
        Attempt("join root's group", python("os.setgroups([0])"), "privileges", error("EPERM", "EINVAL")),
        Attempt(
            "rights of its own",
            python(
                f"lines = [line for line in {no_more}.splitlines() if line.startswith(('Cap', 'NoNew'))]\n"
                "held = dict(line.split(':\\t') for line in lines)\n"
                "if {held[name] for name in ('CapEff', 'CapPrm', 'CapInh', 'CapAmb', 'CapBnd')} == {'0' * 16} "
                "and held['NoNewPrivs'] == '1': raise OSError(1, 'no rights, and none to be had')"
            ),
            "privileges",
            error("EPERM"),
            control="ESCAPED",
        ),
        Attempt(
            "drop no_new_privs",
            python("assert libc.prctl(38, 0, 0, 0, 0) == 0 or call(157, 38, 0, 0, 0, 0) == 0"),
            "privileges",
            error("EINVAL"),
        ),
        Attempt(
            "a set-user-id file",
            python("open('tool', 'w').close(); os.chmod('tool', 0o4755)"),
            "system call filter",
            error("EPERM"),
            control="ESCAPED",
        ),
        Attempt(
            "a set-user-id file at once",
            python("os.umask(0); os.open('tool', os.O_CREAT | os.O_WRONLY, 0o4755)"),
            "system call filter",
            error("EPERM"),
            control="ESCAPED",
        ),
        Attempt(
            "a file with rights",
            python(
                "open('tool', 'w').close(); os.setxattr('tool', 'security.capability', bytes.fromhex("
                "'01000002ffffffff00000000ffffffff00000000'))"
            ),
            "privileges",
            error("EPERM"),
        ),
        Attempt(
            "a program that makes root",
            shell("su -c 'id -u' root; sudo -n id -u; true"),
            "privileges",
            says("su: |Authentication failure|not found|must be run|may not run"),
        ),
        Attempt(
            "a file that nobody can remove",
            python("import fcntl; f = open('stuck', 'w'); fcntl.ioctl(f, 0x40086602, struct.pack('l', 0x10))"),
            "privileges",
            error("EPERM", "ENOTTY", "EOPNOTSUPP"),
        ),
        Attempt(
            "freeze the file system",
            python("import fcntl; fcntl.ioctl(os.open('.', 0), 0xC0045877, 0)"),
            "privileges",
            error("EPERM", "EOPNOTSUPP"),
        ),
        Attempt(
            "out of reach of the memory killer",
            python("write('/proc/self/oom_score_adj', b'-1000')"),
            "privileges",
            error("EACCES", "EPERM"),
        ),
        Attempt(
            "higher limits",
            python(
                "import resource\nhard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]\n"
                "resource.setrlimit(resource.RLIMIT_FSIZE, (hard + 1, hard + 1))"
            ),
            "privileges",
            says("stopped: (EPERM|not allowed)"),
        ),
        Attempt(
            "a higher priority",
            python("os.setpriority(os.PRIO_PROCESS, 0, -10)"),
            "privileges",
            error("EACCES", "EPERM"),
        ),
        Attempt(
            "real-time scheduling",
            python("os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))"),
            "privileges",
            error("EPERM"),
        ),
    ]


def _inherited() -> list[Attempt]:
    descriptors = (
        "found = {int(n): os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd') "
        "if os.path.exists(f'/proc/self/fd/{n}')}\n"
        "if set(found) <= {0, 1, 2}: raise OSError(2, 'nothing inherited')\nprint(found)"
    )
    return [
        Attempt("inherited descriptors", python(descriptors), "descriptors", error("ENOENT")),
        Attempt(
            "descriptors of the first process",
            python("for n in os.listdir('/proc/1/fd'): print(os.open(f'/proc/1/fd/{n}', os.O_WRONLY))"),
            "descriptors",
            error("ENOENT"),
            elsewhere={"docker": error("EACCES")},  # another user's there
        ),
        Attempt(
            "the caller's standard input",
            python("if not os.read(0, 1): raise OSError(2, 'nothing to read')"),
            "descriptors",
            error("ENOENT"),
        ),
        Attempt(
            "variables of the runtime",
            python(
                "wanted = {'PATH', 'HOME', 'LANG', 'TMPDIR', 'PWD', 'SHLVL', '_', 'LC_CTYPE', 'HOSTNAME'}\n"
                "if set(os.environ) <= wanted: raise OSError(2, 'nothing else')\nprint(os.environ)"
            ),
            "environment",
            error("ENOENT"),
            control="ESCAPED",
        ),
        Attempt(
            "a library that is loaded before others",
            shell("echo > x.so; export LD_PRELOAD=$PWD/x.so; /bin/true; unset LD_PRELOAD; env | grep -c ^LD_; true"),
            "privileges",
            says("(?m)^0$"),
        ),
    ]


def _terminal() -> list[Attempt]:
    return [
        Attempt(
            "the caller's terminal", python("os.open('/dev/tty', os.O_RDWR)"), "terminal", error("ENXIO", "ENOENT")
        ),
        Attempt(
            "type into the terminal",
            python("import fcntl, termios\nfor n in (0, 1, 2): fcntl.ioctl(n, termios.TIOCSTI, b'x')"),
            "terminal",
            error("ENOTTY", "EIO", "EPERM"),
        ),
        Attempt("the console", python("os.open('/dev/console', os.O_RDWR)"), "mounts", error("ENOENT", "EACCES")),
        Attempt(
            "another's terminal",
            python("for n in range(20): os.open(f'/dev/pts/{n}', os.O_RDWR)"),
            "mounts",
            error("ENOENT"),
        ),
    ]
