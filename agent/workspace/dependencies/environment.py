"""The environment of a service that needs more than its stack brings: judged once, made once, found again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from agent.workspace.dependencies.inspecting import objections
from agent.workspace.dependencies.locks import Locked, read_lock, write_lock
from agent.workspace.dependencies.names import near_miss, well_known
from agent.workspace.dependencies.policy import Policy
from agent.workspace.dependencies.uv import Unreachable, resolve, unpack
from agent.workspace.dependencies.wanting import wanted, wanted_by_tests
from agent.workspace.toolchain import base_interpreter, build_toolchain, find_toolchain
from tools.errors import Refused
from tools.scratch import scratch_folder


@dataclass(frozen=True, slots=True)
class Environment:
    """A toolchain, and what it holds beside the stack's own packages."""

    toolchain: Path
    added: tuple[Locked, ...] = ()


@dataclass(frozen=True, slots=True)
class Builder:
    """Makes environments on top of one stack's lock, by one policy."""

    lock: Path
    """The stack's own lock."""
    cache: Path
    policy: Policy
    progress: Callable[[str], None] = lambda _: None

    def stack(self) -> Environment:
        """The stack's own environment. Raises MissingDependency when it cannot be made."""
        return Environment(build_toolchain(self.lock, self.cache, progress=self.progress))

    def for_files(self, files: Mapping[str, str]) -> tuple[Environment, tuple[str, ...]]:
        """The environment of a project, and why what is missing in it was refused, one sentence each.

        The project's own lock decides about versions where it has one with hashes; the stack's packages stay as they
        are. Without an index, nothing is added that was not made before. Raises MissingDependency when not even the
        stack's own environment can be made.
        """
        more, pinned = self.asked(files)
        if not more:
            return self.stack(), ()
        refused: list[str] = []
        for _ in range(len(more)):
            try:
                return self.beside(more, pinned), tuple(refused)
            except Unreachable as error:
                return self.stack(), (str(error),)
            except Refused as error:
                more, pinned = self._without_bad(more, pinned, str(error), refused)
            if not more:
                break
        return self.stack(), tuple(refused)

    def asked(self, files: Mapping[str, str]) -> tuple[list[Requirement], list[Locked]]:
        """What a project wants beside the stack's packages, and what its lock says about that."""
        base = self._base()
        asked = {canonicalize_name(one.name): one for one in (*wanted_by_tests(files), *wanted(files))}
        more = [one for name, one in asked.items() if name not in base]
        return more, [one for one in self._own_lock(files) if one.name not in base and one.hashed]

    def beside(self, more: Sequence[Requirement], pinned: Sequence[Locked] = ()) -> Environment:
        """The environment with these requirements beside the stack's packages. Raises Refused and MissingDependency."""
        if pinned and (found := find_toolchain(self._lock_with(pinned), self.cache)) and _covers(pinned, more):
            return Environment(found, tuple(pinned))
        for requirement in more:
            self._judge_name(requirement)
        stack, base = self.stack(), self._base()
        added = resolve(more, base, pinned, self.policy.allowed, self.policy.minimum_age_days)
        _same_files(pinned, added)
        with scratch_folder("wheels") as folder:
            unpack(added, folder, base_interpreter())
            for objection in objections(folder, stack.toolchain, self.policy):
                raise Refused(f"{', '.join(map(str, more))}: {objection}")
        self.progress(f"adding {', '.join(map(str, added))}")
        return Environment(build_toolchain(self._lock_with(added), self.cache, progress=self.progress), added)

    def _judge_name(self, requirement: Requirement) -> None:
        name = canonicalize_name(requirement.name)
        if requirement.url is not None:
            raise Refused(f"{requirement}: is an address; only packages of the index can be added, by name")
        if name in self._base():
            raise Refused(f"{name}: is there already, in version {self._base()[name].version}")
        other = None if name in self.policy.allowed else near_miss(name, well_known())
        if other:
            raise Refused(f"{name}: looks like the well-known {other}; ask for that one if you mean it")

    def _base(self) -> Mapping[str, Locked]:
        return read_lock(self.lock.read_text(encoding="utf-8"))

    def _own_lock(self, files: Mapping[str, str]) -> Iterator[Locked]:
        for name in ("requirements.lock", "requirements.txt"):
            yield from read_lock(files.get(name, "")).values()

    def _lock_with(self, added: Sequence[Locked]) -> str:
        """The whole lock; it names the policy, so that what another policy let through is judged again."""
        base = self.lock.read_text(encoding="utf-8").rstrip()
        return f"# policy {self.policy.digest}\n{base}\n{write_lock(added)}"

    def _without_bad(
        self, more: Sequence[Requirement], pinned: Sequence[Locked], problem: str, refused: list[str]
    ) -> tuple[list[Requirement], list[Locked]]:
        """What is left when the first requirement that is refused by itself is taken out; nothing when none is."""
        for requirement in more:
            try:
                self.beside([requirement], pinned)
            except Refused as error:
                refused.append(str(error))
                return [one for one in more if one is not requirement], list(pinned)
        refused.append(problem)
        return [], []


def _covers(pinned: Sequence[Locked], more: Sequence[Requirement]) -> bool:
    versions = {one.name: one.version for one in pinned}
    return all(
        (version := versions.get(str(canonicalize_name(one.name)))) is not None and one.specifier.contains(version)
        for one in more
    )


def _same_files(pinned: Sequence[Locked], found: Sequence[Locked]) -> None:
    """Raise Refused when a lock names other files than the index has."""
    known = {one.name: set(one.text.split()) for one in pinned}
    for one in found:
        if (
            one.name in known
            and not {word for word in one.text.split() if word.startswith("--hash=")} & known[one.name]
        ):
            raise Refused(f"{one}: the hashes of the project's lock are not those of the index; lock it again")
