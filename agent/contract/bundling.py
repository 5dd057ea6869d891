"""Several files become one document: what stands in other files moves into local components."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from agent.contract.grammar import Step, children, reference, replaced
from agent.contract.source import SourceFile, escape, read_source
from agent.errors import ContractError, Problem

MAX_FILES = 1000
"""Files that one document may be spread over."""
_SUFFIXES = frozenset({".yaml", ".yml", ".json"})
_INLINED = frozenset({"pathItems"})


class _Unresolved(Exception):
    """A reference leads nowhere; the message says why and what to do."""


@dataclass(frozen=True)
class Bundle:
    """One document out of all files."""

    document: Mapping[str, Any]
    files: tuple[SourceFile, ...]
    """The main file first, the others in the order of their names."""
    origins: Mapping[Step, tuple[SourceFile, Step]]
    """Where things that moved came from, by their path in `document`."""

    def place(self, path: Step) -> str:
        """File, line and pointer of the thing at this path of `document`; references on the way are followed."""
        path = _followed(self.document, path)
        for length in range(len(path), 0, -1):
            if path[:length] in self.origins:
                file, start = self.origins[path[:length]]
                return file.place(start + path[length:])
        return self.files[0].place(path)


@dataclass
class _Bundler:
    main: SourceFile
    root: Path | None
    files: dict[Path, SourceFile] = field(default_factory=dict)
    moved: dict[str, dict[str, Any]] = field(default_factory=dict)
    names: dict[tuple[str, str, Step], str] = field(default_factory=dict)
    origins: dict[Step, tuple[SourceFile, Step]] = field(default_factory=dict)
    waiting: list[tuple[str, str, SourceFile, Step]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def copy(self, kind: str, node: Any, file: SourceFile, at: Step, here: Step, inlining: frozenset[Any]) -> Any:
        """The node with its references made local. `at`: its place in its file; `here`: its place in the bundle."""
        if not isinstance(node, Mapping):
            return node
        target = reference(kind, node)
        changes: dict[Step, Any] = {}
        if target is not None:
            local = self._localised(kind, target, file, (*at, "$ref"))
            if local is None:
                return self._inline(kind, node, target, file, here, inlining)
            if local != target:
                changes[("$ref",)] = local
        for step, inner, child in children(kind, node):
            made = self.copy(inner, child, file, at + step, here + step, inlining)
            if made is not child:
                changes[step] = made
        if kind == "schemas" and isinstance(node.get("discriminator"), Mapping):
            changes |= self._mapping(node["discriminator"], file, at)
        return replaced(node, changes) if changes else node

    def finish(self) -> None:
        """Copy what was moved, and what that needs in turn."""
        while self.waiting:
            kind, name, file, path = self.waiting.pop()
            here = ("components", kind, name)
            self.moved[kind][name] = self.copy(kind, at(file.data, path), file, path, here, frozenset())

    def _localised(self, kind: str, target: str, file: SourceFile, at: Step) -> str | None:
        """The same reference inside the bundle; None when the thing must be copied in its place."""
        try:
            found, path = self._find(kind, target, file)
        except _Unresolved as error:
            self.problems.append(Problem(file.place(at), str(error)))
            return target
        if found is self.main:
            return target if file is self.main and target.startswith("#") else _pointer(path)
        return None if kind in _INLINED else _pointer(("components", kind, self._move(kind, found, path)))

    def _inline(self, kind: str, node: Any, target: str, file: SourceFile, here: Step, inlining: frozenset[Any]) -> Any:
        found, path = self._find(kind, target, file)
        if (found.name, path) in inlining:
            self.problems.append(Problem(found.place(path), f"the reference {target} leads back to itself"))
            return node
        self.origins[here] = (found, path)
        made = self.copy(kind, at(found.data, path), found, path, here, inlining | {(found.name, path)})
        return {**made, **{key: value for key, value in node.items() if key != "$ref"}}

    def _move(self, kind: str, file: SourceFile, path: Step) -> str:
        known = self.names.get((kind, file.name, path))
        if known is not None:
            return known
        name = self._free_name(kind, file, path)
        self.names[(kind, file.name, path)] = name
        self.origins[("components", kind, name)] = (file, path)
        self.moved.setdefault(kind, {})[name] = None
        self.waiting.append((kind, name, file, path))
        return name

    def _free_name(self, kind: str, file: SourceFile, path: Step) -> str:
        stem = Path(file.name).stem
        wanted = re.sub(r"[^A-Za-z0-9._-]", "_", path[-1] if path else stem) or "Part"
        components = self.main.data.get("components")
        own = components.get(kind) if isinstance(components, Mapping) else None
        taken = {*(own if isinstance(own, Mapping) else ()), *self.moved.get(kind, {})}
        choices = [wanted, f"{re.sub(r'[^A-Za-z0-9._-]', '_', stem)}_{wanted}"]
        numbered = (f"{wanted}_{number}" for number in range(2, len(taken) + 3))
        return next(name for name in (*choices, *numbered) if name not in taken)

    def _mapping(self, discriminator: Mapping[str, Any], file: SourceFile, at: Step) -> dict[Step, Any]:
        mapping = discriminator.get("mapping")
        if not isinstance(mapping, Mapping):
            return {}
        changes: dict[Step, Any] = {}
        for name, target in mapping.items():
            if isinstance(target, str) and re.search(r"[#/]|\.(ya?ml|json)$", target):
                local = self._localised("schemas", target, file, (*at, "discriminator", "mapping", name))
                if local != target:
                    changes[("mapping", name)] = local
        return {("discriminator",): replaced(discriminator, changes)} if changes else {}

    def _find(self, kind: str, target: str, file: SourceFile) -> tuple[SourceFile, Step]:
        try:
            parts = urlsplit(target)
        except ValueError as error:
            raise _Unresolved(f"the reference {target} is not a URI: {error}") from None
        if parts.scheme or parts.netloc:
            raise _Unresolved(
                f"the reference {target} is remote and is never fetched; save the file beside the document"
            )
        found = self._file(unquote(parts.path), file) if parts.path else file
        if parts.fragment and not parts.fragment.startswith("/"):
            raise _Unresolved(f"the reference {target} names an anchor; use a path such as #/components/schemas/Name")
        path = tuple(unquote(part).replace("~1", "/").replace("~0", "~") for part in parts.fragment.split("/")[1:])
        node = at(found.data, path)
        if node is NOTHING:
            raise _Unresolved(f"the reference {target} leads nowhere: {_first_missing(found, path)}")
        if not isinstance(node, Mapping) and not (kind == "schemas" and isinstance(node, bool)):
            raise _Unresolved(f"the reference {target} leads to something that is no object")
        if found is self.main and not path:
            raise _Unresolved(f"the reference {target} leads to the whole document")
        return found, path

    def _file(self, path: str, file: SourceFile) -> SourceFile:
        if self.root is None or file.path is None:
            raise _Unresolved(f"the reference to the file {path} cannot be followed in a document that is no file")
        if Path(path).is_absolute() or "\\" in path or "\0" in path:
            raise _Unresolved(f"the reference to {path} is not relative; references stay inside the project's folder")
        target = (file.path.parent / path).resolve()
        if not target.is_relative_to(self.root):
            raise _Unresolved(f"the reference to {path} leaves the project's folder; keep the file inside it")
        if target.suffix.lower() not in _SUFFIXES:
            raise _Unresolved(f"the reference to {path} is not to a .yaml, .yml or .json file")
        if target == self.main.path:
            return self.main
        if target not in self.files:
            if len(self.files) >= MAX_FILES:
                raise _Unresolved(f"more than {MAX_FILES} files are referenced")
            self.files[target] = self._read(target)
        return self.files[target]

    def _read(self, target: Path) -> SourceFile:
        assert self.root is not None
        try:
            return read_source(target, _name(target, self.main))
        except ContractError as error:
            raise _Unresolved("; ".join(f"the file {problem}" for problem in error.problems)) from None


def bundle(main: SourceFile, root: Path | None) -> Bundle:
    """Resolve the references of the main file. `root`: the folder that references must not leave.

    Raises ContractError with every reference that is remote, leaves the folder, or leads nowhere.
    """
    work = _Bundler(main, root)
    document = work.copy("document", main.data, main, (), (), frozenset())
    work.finish()
    if work.problems:
        raise ContractError(work.problems)
    if work.moved:
        components = dict(document.get("components") or {})
        for kind, things in work.moved.items():
            components[kind] = {**components.get(kind, {}), **things}
        document = {**document, "components": components}
    others = sorted(work.files.values(), key=lambda file: file.name)
    return Bundle(document, (main, *others), work.origins)


def project_root(document: Path) -> Path:
    """The folder that references of this document must not leave: its git repository, else its own folder."""
    folder = document.resolve().parent
    return next((one for one in (folder, *folder.parents) if (one / ".git").exists()), folder)


NOTHING = object()


def _pointer(path: Step) -> str:
    return "#" + "".join(f"/{escape(part)}" for part in path)


def at(node: Any, path: Step) -> Any:
    """What stands at this path, or NOTHING."""
    for part in path:
        if isinstance(node, Mapping) and part in node:
            node = node[part]
        elif isinstance(node, list) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        else:
            return NOTHING
    return node


def _first_missing(file: SourceFile, path: Step) -> str:
    length = next(length for length in range(1, len(path) + 1) if at(file.data, path[:length]) is NOTHING)
    return f"{file.name} has no {'/'.join(path[:length])}"


def _followed(document: Mapping[str, Any], path: Step) -> Step:
    """The path with references on the way followed, as far as they can be."""
    made: Step = ()
    hops = 0
    for part in path:
        node = at(document, made)
        while isinstance(node, Mapping) and part not in node and isinstance(node.get("$ref"), str) and hops < 100:
            target = node["$ref"]
            made = tuple(one.replace("~1", "/").replace("~0", "~") for one in target.split("/")[1:])
            node, hops = at(document, made), hops + 1
        made = (*made, part)
    return made


def _name(target: Path, main: SourceFile) -> str:
    assert main.path is not None
    return target.relative_to(main.path.parent, walk_up=True).as_posix()
