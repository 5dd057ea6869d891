"""What is in wheels that were unpacked and not run: their licence, and files that would take effect unasked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.metadata import Metadata
from packaging.utils import canonicalize_name

from agent.workspace.dependencies.licences import licence_of, permitted
from agent.workspace.dependencies.policy import ANY_LICENCE, Policy

_AT_START = frozenset({"sitecustomize.py", "usercustomize.py", "pyvenv.cfg"})
_OF_UV = ".lock"
"""What uv leaves where it unpacks."""


def objections(folder: Path, toolchain: Path, policy: Policy) -> Iterator[str]:
    """Why what lies in a folder may not be installed beside a toolchain; one sentence each."""
    for about in sorted(folder.glob("*.dist-info")):
        metadata = Metadata.from_email((about / "METADATA").read_bytes(), validate=False)
        if canonicalize_name(metadata.name) not in policy.allowed and ANY_LICENCE not in policy.licences:
            yield from _licence(metadata, policy)
    yield from _files(folder, toolchain)


def _licence(metadata: Metadata, policy: Policy) -> Iterator[str]:
    licence = licence_of(metadata)
    named = f"{metadata.name} {metadata.version}"
    if not licence.expression:
        stated = (
            f"states the licence {licence.stated!r}, which is no SPDX expression" if licence.stated else "states none"
        )
        yield f"{named}: its licence cannot be told ({stated}); permitted are {', '.join(policy.licences)}"
    elif not permitted(licence.expression, policy.licences):
        yield f"{named}: its licence {licence.expression} is not permitted; permitted are {', '.join(policy.licences)}"


def _files(folder: Path, toolchain: Path) -> Iterator[str]:
    """Files that run at every start of Python, and files that would take the place of the toolchain's own."""
    (packages,) = toolchain.glob("lib/python*/site-packages")
    for path in _regular(folder):
        relative = path.relative_to(folder)
        if (path.name in _AT_START and len(relative.parts) == 1) or _runs(path):
            yield f"{relative}: would run code at every start of Python; choose a package that does without"
        elif (packages / relative).exists() or (toolchain / relative).exists():
            yield f"{relative}: would take the place of a file of the toolchain; choose another package"


def _regular(folder: Path) -> Iterable[Path]:
    return (path for path in sorted(folder.rglob("*")) if not path.is_dir() and path != folder / _OF_UV)


def _runs(path: Path) -> bool:
    if path.suffix != ".pth":
        return False
    lines = path.read_bytes().splitlines()
    return any(line.lstrip().startswith((b"import ", b"import\t")) for line in lines)
