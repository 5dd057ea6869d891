"""Adds a package that the developer asks for: judged by the policy, recorded, there at the next command."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from agent.journal.events import PackageAdded, PackageRefused
from agent.workspace.dependencies.environment import Builder
from agent.workspace.dependencies.recording import recorded
from agent.workspace.dependencies.uv import Unreachable
from agent.workspace.dependencies.wanting import wanted
from agent.workspace.model import Workspace
from tools.errors import Refused


@dataclass(frozen=True, slots=True)
class Packages:
    """The packages of one workspace."""

    workspace: Workspace
    builder: Builder
    happened: Callable[[PackageAdded | PackageRefused], None]

    async def add(self, asked: str) -> str:
        """Add a package; what is there then, in words. Raises Refused, in one sentence, and records that too."""
        try:
            return await self._add(_read(asked))
        except (Refused, Unreachable) as error:
            self.happened(PackageRefused(asked=asked[:200], reason=str(error), by="developer"))
            raise Refused(str(error)) from error

    async def _add(self, requirement: Requirement) -> str:
        files = self.workspace.read()
        before, pinned = self.builder.asked(files)
        environment = await asyncio.to_thread(self.builder.beside, [*before, requirement], pinned)
        added = environment.added
        version = next(one.version for one in added if one.name == canonicalize_name(requirement.name))
        extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
        pin = f"{requirement.name}{extras}=={version}"
        if pin not in map(str, wanted(files)):
            self.workspace.write(recorded(files, pin, added))
        self.workspace.toolchain = environment.toolchain
        new = tuple(str(one) for one in added if one.name not in {known.name for known in pinned})
        self.happened(PackageAdded(requirement=pin, packages=new))
        return f"added {pin} to pyproject.toml and the lock; it can be imported now (new: {', '.join(new)})"


def _read(asked: str) -> Requirement:
    try:
        requirement = Requirement(asked)
    except InvalidRequirement as error:
        raise Refused(
            f"{asked[:80]!r}: is no requirement; give a name, or a name and versions: `humanize>=4`"
        ) from error
    if requirement.url is not None or requirement.marker is not None:
        raise Refused(f"{asked[:80]}: give the name and versions alone; addresses and conditions are not taken")
    return requirement
