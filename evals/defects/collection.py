"""The seeded defects: small patches against services that are good otherwise, each with what has to notice it.

One file a defect, `seeded/SERVICE/GATE/NAME.patch`: a title, `Fails:` with an obligation as often as there are any, the
patch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.errors import InputError, Problem
from evals.defects.patches import FilePatch, changed_files, read_patch

WRITTEN = Path(__file__).parent / "services"
"""The good services that were written by hand."""

_SEEDED = Path(__file__).parent / "seeded"
_FAILS = "Fails:"


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that is wrong."""

    name: str
    """Its path below `seeded`, without its ending: `notes/lists/filter-that-is-ignored`."""
    title: str
    patches: tuple[FilePatch, ...]
    noticed: frozenset[str]
    """Ids of the obligations that have to fail; no other one of their gates may."""

    @property
    def service(self) -> str:
        """The good service that it is put into."""
        return self.name.split("/")[0]

    @property
    def rules(self) -> frozenset[str]:
        """The rules that have to notice it."""
        return frozenset(obligation.split(":")[0] for obligation in self.noticed)

    def files(self, folder: Path) -> Mapping[str, str | None]:
        """The files that it changes in the good service in this folder. Raises InputError where it no longer fits."""
        return changed_files(self.patches, folder)


def all_defects(folder: Path = _SEEDED) -> tuple[Defect, ...]:
    """Every seeded defect, by name. Raises InputError."""
    return tuple(_read(path, path.relative_to(folder).with_suffix("").as_posix()) for path in _files(folder))


def _files(folder: Path) -> Iterator[Path]:
    return iter(sorted(folder.glob("*/*/*.patch")))


def _read(path: Path, name: str) -> Defect:
    text = path.read_text()
    head = text.partition("\n--- ")[0].splitlines()
    noticed = frozenset(line.removeprefix(_FAILS).strip() for line in head if line.startswith(_FAILS))
    patches = read_patch(text, path.name)
    if not head or not noticed or not patches:
        raise InputError([Problem(str(path), f"expected a title, `{_FAILS} OBLIGATION` and a patch")])
    return Defect(name, head[0].strip(), patches, noticed)
