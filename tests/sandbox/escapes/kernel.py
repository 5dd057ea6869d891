"""Attempts on the kernel: namespaces, calls that have led out of sandboxes before, the clock, the machine.

Each asks in a way that the kernel itself answers with another error, so that it shows who refused; x86-64 alone.
"""

from __future__ import annotations

from tests.sandbox.escapes.attempt import Attempt, ended, error, python

_REFUSED = error("EPERM")

_CALLS: tuple[tuple[str, int, str, str], ...] = (
    ("a user namespace", 272, "0x10000000", "ESCAPED|EPERM|ENOSPC"),
    ("a mount namespace", 272, "0x00020000", "ESCAPED"),
    ("a time namespace", 272, "0x00000080", "ESCAPED|EINVAL"),
    ("a process in a user namespace", 56, "0x10000000 | 17, 0, 0, 0, 0", ""),
    ("io_uring", 425, "0, None", "EINVAL|EFAULT"),
    ("io_uring, entering", 426, "-1, 0, 0, 0, None, 0", "EBADF"),
    ("userfaultfd", 323, "0xff", "EINVAL"),
    ("bpf", 321, "-1, None, 0", "EINVAL|E2BIG|EFAULT"),
    ("performance events", 298, "None, 0, -1, -1, 0", "EFAULT"),
    ("the key ring", 250, "0, -3, 0", "ESCAPED|ENOKEY"),
    ("a new key", 248, "None, None, None, 0, 0", "EFAULT"),
    ("asking for a key", 249, "None, None, None, 0", "EFAULT"),
    ("another kernel", 246, "0, 0, None, 0xffff", "EINVAL|ENOSYS"),
    ("another kernel from a file", 320, "-1, -1, 0, None, 0xffff", "EINVAL|ENOSYS"),
    ("a kernel module", 175, "None, 0, None", "EFAULT|EINVAL|ENOEXEC|ENOSYS"),
    ("a kernel module from a file", 313, "-1, None, 0", "EBADF|EINVAL|ENOSYS"),
    ("swap", 167, "b'/no/such', 0", "ENOENT"),
    ("no swap", 168, "b'/no/such'", "ENOENT"),
    ("a restart", 169, "1, 2, 3, None", "EINVAL"),
    ("process accounting", 163, "b'/no/such'", "ENOENT"),
    ("quotas", 179, "0, None, 0, None", "ENODEV|EINVAL|ENOSYS"),
    ("the kernel's log", 103, "10, None, 0", "ESCAPED"),
    ("setting the clock", 227, "0, None", "EFAULT"),
    ("setting the time", 164, "None, None", ""),
    ("slewing the clock", 159, "None", "EFAULT"),
    ("slewing one clock", 305, "0, None", "EFAULT"),
    ("ports of the machine", 173, "0, 1, 0", "ESCAPED|ENOSYS"),
    ("all ports of the machine", 172, "5", "EINVAL|ENOSYS"),
    ("another personality", 135, "0xffffffff", "ESCAPED"),
    ("hanging up the terminal", 153, "", ""),
    ("moving pages", 279, "0, 0, None, None, None, 0xff", "EINVAL"),
    ("binding memory", 237, "0, 0, 0xff, None, 0, 0", "EINVAL"),
    ("watching the file system", 300, "0xffff, 0", "EINVAL"),
)
"""What is tried, the call's number, its arguments, and what the kernel says without a filter."""

_MACHINE_CODE = """
import mmap
page = mmap.mmap(-1, 4096, prot=7)
page.write(bytes.fromhex({code!r}))
function = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
answer = function()
if answer < 0:
    raise OSError(-answer, 'refused')
"""


def attempts() -> list[Attempt]:
    """All of them."""
    return [
        *(
            Attempt(name, python(f"call({number}, {arguments})"), "system call filter", _REFUSED, control=control)
            for name, number, arguments, control in _CALLS
        ),
        Attempt(
            "a process whose flags cannot be seen",
            python("call(435, None, 0)"),
            "system call filter",
            error("ENOSYS"),
            control="EINVAL|EFAULT",
        ),
        Attempt(
            "calls of another machine, which the filter does not know",
            # mov eax, 20 (getpid); int 0x80; ret
            python(_MACHINE_CODE.format(code="b814000000cd80c3")),
            "system call filter",
            ended("signalled"),
            control="ESCAPED|ENOSYS",
        ),
        Attempt(
            "calls by another numbering",
            python("call(0x40000000 + 39)"),
            "system call filter",
            ended("signalled"),
            control="ESCAPED|ENOSYS",
        ),
        Attempt(
            "the map of users",
            python("write('/proc/self/uid_map', b'0 0 1')"),
            "privileges",
            error("EPERM", "EACCES"),
        ),
        Attempt(
            "another namespace by its file",
            python("call(308, os.open('/proc/self/ns/net', 0), 0)"),
            "system call filter",
            error("EPERM", "EACCES"),
        ),
        Attempt(
            "a core dump",
            python(
                "if os.fork() == 0: os.abort()\nif not os.WCOREDUMP(os.wait()[1]): raise OSError(2, 'no dump was made')"
            ),
            "limits",
            error("ENOENT"),
        ),
    ]
