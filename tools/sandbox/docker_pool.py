"""The containers of one sandbox: one for each command that runs at the same time, kept warm for the next."""

from __future__ import annotations

import threading

from tools.owners import read_owner
from tools.sandbox.docker_container import OWNER, Container, Shape, start_container
from tools.sandbox.docker_engine import Engine

_KEPT = 4
"""Containers that stay warm; the one that was not used for longest goes."""


class ContainerPool:
    """Containers that nobody uses at the moment. May be used from several threads."""

    def __init__(self, engine: Engine, user: str) -> None:
        self.engine = engine
        self._user = user
        self._idle: list[Container] = []
        self._lock = threading.Lock()

    def take(self, shape: Shape) -> Container:
        """A container of that shape, warm or new, for the caller alone. Raises SandboxUnavailable."""
        with self._lock:
            found = next((container for container in self._idle if container.shape == shape), None)
            if found is not None:
                self._idle.remove(found)
                return found
        return start_container(self.engine, shape, self._user)

    def give_back(self, container: Container, *, reusable: bool) -> None:
        """End the caller's use; when this returns, a container that is not reusable is gone with all it ran."""
        surplus = [container]
        if reusable:
            with self._lock:
                self._idle.append(container)
                surplus, self._idle = self._idle[:-_KEPT], self._idle[-_KEPT:]
        for one in surplus:
            one.remove()

    def close(self) -> None:
        """Remove the warm containers."""
        with self._lock:
            idle, self._idle = self._idle, []
        for container in idle:
            container.remove()


def remove_abandoned(engine: Engine) -> None:
    """Remove containers of runtimes that were killed. They end by themselves, but for those of a restarted engine."""
    from docker.errors import APIError

    for found in engine.client.api.containers(all=True, filters={"label": OWNER}):
        owner = read_owner(found["Labels"][OWNER])
        if owner is None or not owner.dead:
            continue
        try:
            engine.client.api.remove_container(found["Id"], force=True)
        except APIError:
            continue  # another runtime is removing it, or it has just ended
