"""Warm containers: made once for a set of mounts and limits, and used by one command after the other."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tools.errors import SandboxUnavailable
from tools.owners import this_process
from tools.sandbox.base import WORKSPACE, Limits, Mounts
from tools.sandbox.bubblewrap_command import LOCKED_BYTES, SHARED_MEMORY_BYTES
from tools.sandbox.control_groups import ControlGroup, control_group_of
from tools.sandbox.docker_engine import RECIPE, Engine, image_name
from tools.sandbox.seccomp import seccomp_profile
from tools.sandbox.usage import used_up
from tools.sandbox.watching import Reaper

OWNER = "agent.sandbox.owner"
"""Label by which containers of killed runtimes are found."""
KEEPER_UID = 64998
"""Who the container's first process runs as: another user than commands, so that they cannot signal it."""
_SCRATCH_FILES = 65_536
_HIDDEN = ("/sys", "/sys/fs/cgroup")
"""What the engine mounts unasked, and nobody needs: the kernel, the hardware, the control groups."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What cannot be changed once a container is there; two commands with the same one can share it in turn."""

    worktree: Path
    protected: tuple[str, ...]
    writable: bool
    mounts: tuple[tuple[str, str, bool], ...]
    """Host path, path inside, read-only."""
    memory_bytes: int
    processes: int
    scratch_bytes: int
    cpus: float

    @staticmethod
    def of(worktree: Path, protected: tuple[str, ...], mounts: Mounts, limits: Limits, *, writable: bool) -> Shape:
        """The shape that a command needs."""
        bound = [
            *((str(folder), str(folder), True) for folder in mounts.read_only),
            *((str(host), inside, True) for host, inside in mounts.bound.items()),
            *((str(host), inside, False) for host, inside in mounts.writable.items()),
        ]
        cpus = min(limits.cpus, float(os.cpu_count() or 1))
        return Shape(
            *(worktree, protected, writable, tuple(dict.fromkeys(bound))),
            *(limits.memory_bytes, limits.processes, limits.scratch_bytes, cpus),
        )


class Closable(Protocol):
    """Anything that can be closed."""

    def close(self) -> None:
        """Close it."""
        ...


@dataclass(slots=True)
class Container:
    """A running container, and the connection that keeps it alive: it ends when that is closed, however that comes."""

    engine: Engine
    name: str
    shape: Shape
    keeper: int
    """The host's process id of its first process."""
    lifeline: Closable

    def reaper(self) -> Reaper:
        """The process that takes on what commands orphan, and what earlier ones have used up."""
        return Reaper(self.keeper, used_up(self.keeper))

    def counts(self) -> ControlGroup:
        """The kernel's count of its memory and processes."""
        return control_group_of(self.keeper)

    def out_of_memory(self) -> bool:
        """What the engine noticed; where the kernel's own count cannot be read, the only word about it."""
        from docker.errors import APIError

        try:
            return bool(self.engine.client.api.inspect_container(self.name)["State"]["OOMKilled"])
        except APIError:
            return False

    def remove(self) -> None:
        """End everything in it and take it away; it may be gone already."""
        from docker.errors import APIError, NotFound

        with contextlib.suppress(OSError):
            self.lifeline.close()
        try:
            self.engine.client.api.remove_container(self.name, force=True, v=True)
        except NotFound:
            return
        except APIError as error:
            if error.status_code != 409:  # its removal has begun already
                raise


def start_container(engine: Engine, shape: Shape, user: str) -> Container:
    """A new container for commands of `user`. Raises SandboxUnavailable."""
    from docker.errors import DockerException

    try:
        name = str(engine.client.containers.create(**container_options(shape, user)).id)
        lifeline = engine.client.api.attach_socket(name, params={"stdin": 1, "stream": 1})
        engine.client.api.start(name)
        keeper = int(engine.client.api.inspect_container(name)["State"]["Pid"])
    except DockerException as error:
        raise SandboxUnavailable(f"Docker cannot start the sandbox: {error}") from error
    return Container(engine, name, shape, keeper, lifeline)


def container_options(shape: Shape, user: str) -> dict[str, Any]:
    """Every protection that the container gives, in the words of the SDK."""
    from docker.types import Ulimit

    return {
        "image": image_name(),
        "command": ["/bin/sh", "-c", (RECIPE / "keep.sh").read_text()],
        "user": f"{KEEPER_UID}:{KEEPER_UID}",
        "labels": {OWNER: str(this_process()), "agent.sandbox.user": user},
        "stdin_open": True,  # and ended with the connection, because the container is not detached
        "auto_remove": True,
        "network_mode": "none",
        "hostname": "sandbox",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true", f"seccomp={json.dumps(seccomp_profile())}"],
        "ipc_mode": "private",
        "cgroupns": "private",
        "mem_limit": shape.memory_bytes,
        "memswap_limit": shape.memory_bytes,
        "nano_cpus": int(shape.cpus * 1e9),
        "pids_limit": shape.processes,
        "shm_size": SHARED_MEMORY_BYTES,
        "sysctls": {"net.ipv4.ping_group_range": "1 0"},  # the engine's own default lets everybody send echo requests
        "tmpfs": {
            "/tmp": f"size={shape.scratch_bytes},nr_inodes={_SCRATCH_FILES},mode=1777,exec,nosuid,nodev",
            **dict.fromkeys(_HIDDEN, "size=4k,nr_inodes=16,mode=0555,ro,noexec,nosuid,nodev"),
        },
        "ulimits": [Ulimit(name="core", soft=1, hard=1), Ulimit(name="memlock", soft=LOCKED_BYTES, hard=LOCKED_BYTES)],
        "log_config": {"Type": "none"},
        "working_dir": WORKSPACE,
        "mounts": _mounts(shape),
    }


def _mounts(shape: Shape) -> list[Any]:
    from docker.types import Mount

    def bind(host: str, inside: str, read_only: bool) -> Any:
        return Mount(inside, host, type="bind", read_only=read_only, propagation="private")

    worktree = str(shape.worktree)
    protected = [bind(f"{worktree}/{name}", f"{WORKSPACE}/{name}", True) for name in shape.protected]
    return [bind(worktree, WORKSPACE, not shape.writable), *protected, *(bind(*one) for one in shape.mounts)]


def environment_words(environment: Mapping[str, str]) -> list[str]:
    """An environment as Docker takes it."""
    return [f"{name}={value}" for name, value in environment.items()]
