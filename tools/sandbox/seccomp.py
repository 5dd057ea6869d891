"""A system call filter as classic BPF: everything is allowed but what leads out of a sandbox.

Written by hand for x86-64, so that no library is needed. Other machines get no filter: there the namespaces, the
dropped capabilities and `no_new_privs` of bubblewrap stand alone.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_NUMBER, _MACHINE, _FIRST_ARGUMENT = 0, 4, 16
"""Offsets in the `seccomp_data` that the kernel hands to the filter."""
_X86_64 = 0xC000003E
_X32_BIT = 0x40000000

_CLONE, _CLONE3, _SOCKET, _OPENAT2 = 56, 435, 41, 437
_NEW_NAMESPACE = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
_SOCKETS = _UNIX, _INET, _INET6, _NETLINK = 1, 2, 10, 16

_SET_USER_ID = 0o4000
_MAKES_A_FILE = 0o100, 0o20000000
"""O_CREAT and O_TMPFILE: without them, the mode means nothing."""
_CHANGING_MODE = {90: 1, 91: 1, 268: 2, 452: 2, 85: 1, 259: 2}
"""chmod, fchmod, fchmodat, fchmodat2, creat, mknodat → which argument is the mode."""
_CREATING = {2: 1, 257: 2}
"""open, openat → which argument holds the flags; the mode is the next one."""

FORBIDDEN: Mapping[str, int] = {
    # other processes
    "ptrace": 101,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "pidfd_getfd": 438,
    "kcmp": 312,
    # memory that outlives who made it, and is counted for nobody
    "shmget": 29,
    "semget": 64,
    "msgget": 68,
    # mounts and namespaces
    "mount": 165,
    "umount2": 166,
    "pivot_root": 155,
    "chroot": 161,
    "unshare": 272,
    "setns": 308,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "move_mount": 429,
    "open_tree": 428,
    "mount_setattr": 442,
    "open_by_handle_at": 304,
    "name_to_handle_at": 303,
    "mknod": 133,
    # the kernel
    "init_module": 175,
    "finit_module": 313,
    "delete_module": 176,
    "kexec_load": 246,
    "kexec_file_load": 320,
    "bpf": 321,
    "perf_event_open": 298,
    "userfaultfd": 323,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "add_key": 248,
    "request_key": 249,
    "keyctl": 250,
    "syslog": 103,
    "lookup_dcookie": 212,
    "personality": 135,
    # the machine
    "reboot": 169,
    "swapon": 167,
    "swapoff": 168,
    "acct": 163,
    "quotactl": 179,
    "settimeofday": 164,
    "clock_settime": 227,
    "adjtimex": 159,
    "clock_adjtime": 305,
    "fanotify_init": 300,
    "ioperm": 173,
    "iopl": 172,
    "vhangup": 153,
    "move_pages": 279,
    "mbind": 237,
}
"""System calls that answer EPERM, with their x86-64 numbers."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of the filter; the jumps skip that many of the following ones."""

    code: int
    if_true: int
    if_false: int
    value: int

    def packed(self) -> bytes:
        """As the kernel reads it."""
        return struct.pack("<HBBI", self.code, self.if_true, self.if_false, self.value)


def seccomp_filter(machine: str) -> bytes | None:
    """The filter for a machine as `os.uname().machine` names it; None where there is none."""
    if machine != "x86_64":
        return None
    return b"".join(instruction.packed() for instruction in _program())


def seccomp_profile() -> dict[str, Any]:
    """The same filter in Docker's words, for every machine that its library knows."""
    refused = {"names": sorted(FORBIDDEN), "action": "SCMP_ACT_ERRNO", "errnoRet": errno.EPERM}
    missing = {"names": ["clone3", "openat2"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno.ENOSYS}
    namespaces = [
        _docker_rule("clone", errno.EPERM, _docker_bit(0, bit))
        for bit in (1 << place for place in range(32))
        if bit & _NEW_NAMESPACE
    ]
    highest = max(_SOCKETS)
    families = [
        _docker_rule("socket", errno.EAFNOSUPPORT, {"index": 0, "value": family, "op": "SCMP_CMP_EQ"})
        for family in range(highest)
        if family not in _SOCKETS
    ]
    beyond = _docker_rule("socket", errno.EAFNOSUPPORT, {"index": 0, "value": highest, "op": "SCMP_CMP_GT"})
    calls = [refused, missing, *namespaces, *families, beyond, *_docker_set_user_id()]
    return {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": calls}


def _docker_set_user_id() -> list[dict[str, Any]]:
    changing = {"chmod": 1, "fchmod": 1, "fchmodat": 2, "fchmodat2": 2, "creat": 1, "mknodat": 2}
    creating = {"open": 1, "openat": 2}
    return [
        *(_docker_rule(name, errno.EPERM, _docker_bit(at, _SET_USER_ID)) for name, at in changing.items()),
        *(
            _docker_rule(name, errno.EPERM, _docker_bit(at, flag), _docker_bit(at + 1, _SET_USER_ID))
            for name, at in creating.items()
            for flag in _MAKES_A_FILE
        ),
    ]


def _docker_bit(argument: int, bit: int) -> dict[str, Any]:
    return {"index": argument, "value": bit, "valueTwo": bit, "op": "SCMP_CMP_MASKED_EQ"}


def _docker_rule(name: str, error: int, *arguments: dict[str, Any]) -> dict[str, Any]:
    return {"names": [name], "action": "SCMP_ACT_ERRNO", "errnoRet": error, "args": list(arguments)}


def _program() -> list[Instruction]:
    return [
        *_only_native_calls(),
        *(step for number in sorted(FORBIDDEN.values()) for step in _refuse(number, errno.EPERM)),
        # ENOSYS makes libc fall back to clone, whose flags can be looked at: clone3 passes them by pointer.
        *_refuse(_CLONE3, errno.ENOSYS),
        *_refuse(_OPENAT2, errno.ENOSYS),  # passes its mode by pointer too
        *(step for number, at in _CHANGING_MODE.items() for step in _refuse_set_user_id(number, at)),
        *(step for number, at in _CREATING.items() for step in _refuse_set_user_id(number, at + 1, flags=at)),
        *_no_new_namespace(),
        *_known_sockets(),
        _answer(_ALLOW),
    ]


def _only_native_calls() -> list[Instruction]:
    return [
        Instruction(_LOAD, 0, 0, _MACHINE),
        Instruction(_JUMP_EQUAL, 1, 0, _X86_64),
        _answer(_KILL),
        Instruction(_LOAD, 0, 0, _NUMBER),
        Instruction(_JUMP_AT_LEAST, 0, 1, _X32_BIT),
        _answer(_KILL),
    ]


def _refuse(number: int, error: int) -> list[Instruction]:
    return [Instruction(_JUMP_EQUAL, 0, 1, number), _answer(_error(error))]


def _refuse_set_user_id(number: int, mode: int, *, flags: int | None = None) -> list[Instruction]:
    """A set-user-id file would be left behind, for others on the host to run with the rights of whoever ran this."""
    asked = (
        []
        if flags is None
        else [Instruction(_LOAD, 0, 0, _argument(flags)), Instruction(_JUMP_ANY_BIT, 0, 3, sum(_MAKES_A_FILE))]
    )
    return [
        Instruction(_JUMP_EQUAL, 0, len(asked) + 4, number),
        *asked,
        Instruction(_LOAD, 0, 0, _argument(mode)),
        Instruction(_JUMP_ANY_BIT, 0, 1, _SET_USER_ID),
        _answer(_error(errno.EPERM)),
        Instruction(_LOAD, 0, 0, _NUMBER),
    ]


def _no_new_namespace() -> list[Instruction]:
    return [
        Instruction(_JUMP_EQUAL, 0, 4, _CLONE),
        Instruction(_LOAD, 0, 0, _FIRST_ARGUMENT),
        Instruction(_JUMP_ANY_BIT, 0, 1, _NEW_NAMESPACE),
        _answer(_error(errno.EPERM)),
        Instruction(_LOAD, 0, 0, _NUMBER),
    ]


def _known_sockets() -> list[Instruction]:
    return [
        Instruction(_JUMP_EQUAL, 0, 6, _SOCKET),
        Instruction(_LOAD, 0, 0, _FIRST_ARGUMENT),
        Instruction(_JUMP_EQUAL, 4, 0, _UNIX),
        Instruction(_JUMP_EQUAL, 3, 0, _INET),
        Instruction(_JUMP_EQUAL, 2, 0, _INET6),
        Instruction(_JUMP_EQUAL, 1, 0, _NETLINK),
        _answer(_error(errno.EAFNOSUPPORT)),
    ]


def _answer(value: int) -> Instruction:
    return Instruction(_RETURN, 0, 0, value)


def _argument(index: int) -> int:
    """Where the lower half of an argument lies."""
    return _FIRST_ARGUMENT + 8 * index


def _error(number: int) -> int:
    return 0x00050000 | number
