"""The Docker engine of this machine, if there is one, and the image that sandboxes are made from."""

from __future__ import annotations

import functools
import hashlib
import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from tools.errors import SandboxUnavailable

if TYPE_CHECKING:
    from docker import DockerClient

REPOSITORY = "agent-sandbox"
RECIPE = resources.files("tools.sandbox") / "image"
_SOCKETS = ("/var/run/docker.sock", "{XDG_RUNTIME_DIR}/docker.sock")
_API_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that answers."""

    client: DockerClient
    socket: Path
    version: str

    def has_image(self) -> bool:
        """True when the image of this version of the recipe was built."""
        return bool(self.client.images.list(name=image_name()))


@functools.cache
def find_engine() -> Engine:
    """The engine that `DOCKER_HOST` names, else that of this machine. Raises SandboxUnavailable with what to do.

    Only unix sockets: what is mounted lies on this machine, and so must the engine.
    """
    import docker
    from docker.errors import DockerException

    socket = _socket()
    try:
        client = docker.DockerClient(base_url=f"unix://{socket}", timeout=_API_SECONDS)
        return Engine(client, socket, str(client.version()["Version"]))
    except DockerException as error:
        raise SandboxUnavailable(
            f"no Docker engine answers at {socket} ({error}). Install one (`apt install docker.io`), let this user "
            "reach it (group `docker`), or name another by DOCKER_HOST=unix:///path."
        ) from error


def image_name() -> str:
    """Name and tag of the image that this version of the recipe makes."""
    digest = hashlib.sha256()
    for name in ("Dockerfile", "packages.txt"):
        digest.update((RECIPE / name).read_bytes())
    return f"{REPOSITORY}:{digest.hexdigest()[:12]}"


def _socket() -> Path:
    host = os.environ.get("DOCKER_HOST", "")
    if host and not host.startswith("unix://"):
        raise SandboxUnavailable(f"DOCKER_HOST={host}: only an engine on this machine can be used, by unix:///path")
    if host:
        return Path(host.removeprefix("unix://"))
    known = [Path(path.format(XDG_RUNTIME_DIR=os.environ.get("XDG_RUNTIME_DIR", "/run"))) for path in _SOCKETS]
    return next((path for path in known if path.exists()), known[0])
