"""Attempts on the host's files: by path, by links, through `/proc`, by mounting, by devices."""

from __future__ import annotations

from pathlib import Path

from tests.sandbox.escapes.attempt import Attempt, error, python, says, shell
from tests.sandbox.escapes.bait import Bait

_MISSING = error("ENOENT")
_CLOSED = error("EACCES", "EPERM", "ENOENT")
_READ_ONLY = error("EROFS", "EACCES", "EPERM")
_MS_BIND, _MS_REMOUNT = 4096, 32


def attempts(bait: Bait) -> list[Attempt]:
    """All of them."""
    return [*_reading(bait), *_writing(bait), *_links(bait), *_through_proc(bait), *_mounting(bait), *_devices()]


def _reading(bait: Bait) -> list[Attempt]:
    files = {
        "a file of the host": bait.file,
        "shared memory of the host": bait.shared,
        "password hashes": "/etc/shadow",
        "the machine's identity": "/etc/machine-id",
        "the container socket": "/var/run/docker.sock",
        "another socket folder": "/run/user",
        "kernel and hardware": "/sys/kernel",
        "control groups": "/sys/fs/cgroup",
    }
    listed = "(os.listdir({0!r}) or os.stat('/what is not in an empty folder'))"
    read = f"print({listed} if os.path.isdir({{0!r}}) else os.stat({{0!r}}) and open({{0!r}}).read())"
    found = [Attempt(f"read {name}", python(read.format(path)), "mounts", _MISSING) for name, path in files.items()]
    homes = "print([n for h in ('/root', '/home') if os.path.isdir(h) for n in os.listdir(h)] or os.stat('/root/x'))"
    return [
        Attempt("read a file of the host", found[0].command, "mounts", _MISSING, control="ESCAPED"),
        Attempt("read shared memory of the host", found[1].command, "mounts", _MISSING, control="ESCAPED"),
        *found[2:],
        Attempt("read the homes", python(homes), "mounts", _CLOSED),
    ]


def _writing(bait: Bait) -> list[Attempt]:
    system = "open({!r}, 'w').write('x')"
    given = Path(bait.folder, "listening").parent
    return [
        *(
            Attempt(f"write {path}", python(system.format(path)), "read-only", _READ_ONLY)
            for path in ("/usr/x", "/etc/x", "/x", "/usr/bin/python3", "/etc/passwd", "/dev/x", "/etc/ld.so.preload")
        ),
        Attempt(
            "write into another's folder",
            python(f"open('{given}/new', 'w').write('x')"),
            "mounts",
            _MISSING,
            control="ESCAPED",
            harmed=(given / "new").exists,
        ),
    ]


def _links(bait: Bait) -> list[Attempt]:
    return [
        Attempt(
            "read by a symbolic link",
            python(f"os.symlink({bait.file!r}, 'link'); print(open('link').read())"),
            "mounts",
            _MISSING,
            control="ESCAPED",
        ),
        Attempt(
            "write by a symbolic link",
            python(f"os.symlink('{bait.folder}/by-link', 'link'); open('link', 'w').write('x')"),
            "mounts",
            _MISSING,
            control="ESCAPED",
            harmed=Path(bait.folder, "by-link").exists,
        ),
        Attempt(
            "read by a linked folder",
            python(f"os.symlink({bait.folder!r}, 'folder'); print(open('folder/secret.txt').read())"),
            "mounts",
            _MISSING,
            control="ESCAPED",
        ),
        Attempt(
            "read above the worktree",
            python("print(os.listdir('../..')); open('../../' * 20 + '" + bait.file.lstrip("/") + "').read()"),
            "mounts",
            _MISSING,
            control="ESCAPED",
        ),
        Attempt(
            "hard link to a file of the host",
            python(f"os.link({bait.file!r}, 'hard')"),
            "mounts",
            _MISSING,
            control="ESCAPED|EXDEV",
        ),
        Attempt(
            "hard link to a file of the system",
            python("os.link('/usr/bin/env', 'hard')"),
            "mounts",
            error("EXDEV", "EPERM"),
        ),
        Attempt(
            "open by file handle",
            python("call(304, -100, b'x' * 128, 0)"),
            "system call filter",
            error("EPERM"),
            control="EBADF|EINVAL|ESTALE|EOVERFLOW",
        ),
    ]


def _through_proc(bait: Bait) -> list[Attempt]:
    return [
        Attempt(
            "the host's root by /proc/1/root",
            python(f"print(open('/proc/1/root{bait.file}').read())"),
            "mounts",
            _CLOSED,
        ),
        Attempt(
            "the host's root by /proc/1/cwd",
            python(f"print(open('/proc/1/cwd/../../..{bait.file}').read())"),
            "mounts",
            _CLOSED,
        ),
        Attempt(
            "the host's root by a process of the host",
            python(f"print(open('/proc/{bait.pid}/root{bait.file}').read())"),
            "processes",
            _MISSING,
            control="ESCAPED",
        ),
        Attempt(
            "the environment of a process of the host",
            python(f"print(open('/proc/{bait.pid}/environ').read())"),
            "processes",
            _MISSING,
            control="ESCAPED",
        ),
        Attempt(
            "the environment of every process in sight",
            shell("cat /proc/[0-9]*/environ | tr '\\0' '\\n'; echo looked at $(ls -d /proc/[0-9]* | wc -l)"),
            "environment",
            says(r"(?m)looked at \d$"),
            control=r"looked at \d\d",
        ),
        Attempt(
            "the memory of the first process",
            python("open('/proc/1/mem', 'r+b')"),
            "mounts",
            _MISSING,
            elsewhere={"docker": error("EACCES")},  # another user's there
        ),
        Attempt(
            "the memory of its thread",
            python("open('/proc/1/task/1/mem', 'r+b')"),
            "mounts",
            _MISSING,
            elsewhere={"docker": error("EACCES")},
        ),
        Attempt(
            "the memory of who watches over it",
            python("open(f'/proc/{os.getppid()}/mem', 'r+b')"),
            "processes",
            error("EACCES", "ENOENT"),
        ),
        Attempt(
            "what covers the first process", python("call(166, b'/proc/1', 2)"), "system call filter", error("EPERM")
        ),
        Attempt(
            "the memory of a process of the host",
            python(f"open('/proc/{bait.pid}/mem', 'rb')"),
            "processes",
            _MISSING,
            control="ESCAPED",
        ),
        Attempt("kernel memory", python("print(open('/proc/kcore', 'rb').read(64))"), "mounts", _CLOSED),
        Attempt(
            "handlers of crashes",
            python("write('/proc/sys/kernel/core_pattern', b'|/workspace/x')"),
            "read-only",
            _READ_ONLY,
        ),
        Attempt("kernel settings", python("write('/proc/sys/kernel/panic', b'1')"), "read-only", _READ_ONLY),
        Attempt(
            "kernel triggers",
            python("write('/proc/sysrq-trigger', b'b')"),
            "read-only",
            error("EROFS", "EACCES", "EPERM", "ENOENT"),
        ),
    ]


def _mounting(bait: Bait) -> list[Attempt]:
    refused = error("EPERM")
    bind = f"call(165, b'{bait.folder}', b'/tmp', None, {_MS_BIND}, None)"
    return [
        Attempt("bind a folder of the host", python(bind), "system call filter", refused),
        Attempt(
            "make the system writable",
            python(f"call(165, b'none', b'/usr', None, {_MS_REMOUNT | _MS_BIND}, None)"),
            "system call filter",
            refused,
        ),
        Attempt(
            "make .git writable",
            python(f"call(165, b'none', b'/workspace/.git', None, {_MS_REMOUNT | _MS_BIND}, None)"),
            "system call filter",
            refused,
        ),
        Attempt(
            "uncover what a mount hides",
            python("call(166, b'/no/such', 2)"),
            "system call filter",
            refused,
            control="ENOENT",
        ),
        Attempt(
            "another root",
            python("call(155, b'/no/such', b'/no/such')"),
            "system call filter",
            refused,
            control="ENOENT",
        ),
        Attempt(
            "a root below the root", python("call(161, b'/tmp')"), "system call filter", refused, control="ESCAPED"
        ),
        Attempt(
            "the newer mount calls",
            python("call(430, b'no-such-type', 0)"),
            "system call filter",
            refused,
            control="ENODEV",
        ),
        Attempt(
            "a detached copy of the tree",
            python("call(428, -1, b'x', 0)"),
            "system call filter",
            refused,
            control="EBADF",
        ),
    ]


def _devices() -> list[Attempt]:
    names = (
        "mem",
        "kmsg",
        "fuse",
        "kvm",
        "net/tun",
        "loop-control",
        "vda",
        "sda",
        "userfaultfd",
        "vsock",
        "vhost-vsock",
    )
    return [
        Attempt("a device file of a disk", python("os.mknod('disk', 0o60666, 254 << 8)"), "privileges", error("EPERM")),
        Attempt(
            "a device file of a disk in /tmp",
            python("call(133, b'/tmp/disk', 0o60666, 254 << 8)"),
            "system call filter",
            error("EPERM"),
        ),
        *(Attempt(f"the device {name}", python(f"os.open('/dev/{name}', 0)"), "mounts", _MISSING) for name in names),
    ]
