"""The holes: operations that the blueprint leaves open, in three services that are given as contract and schema.

What each is to do stands in the contract. How a filled one behaves, and how it can be filled, rightly and wrongly, is
kept apart in `hidden`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from agent.errors import InputError
from evals.holes.hidden import billing, rooms, warehouse
from evals.holes.world import Behaviour

Level = Literal["easy", "medium", "hard"]
LEVELS: tuple[Level, ...] = get_args(Level)

_HERE = Path(__file__).parent
_BEHAVIOURS = {
    "warehouse": warehouse.BEHAVIOURS,
    "billing": billing.BEHAVIOURS,
    "rooms": rooms.BEHAVIOURS,
}
_METHODS = ("get", "put", "post", "delete", "patch")


class Wrong(BaseModel):
    """A fill that looks right, and is not: the right one with one thing changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    why: str
    instead_of: str
    """Stands in the right body."""
    write: str


class Kept(BaseModel):
    """What is kept of one hole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    operation: str
    """Its id in the contract."""
    level: Level
    kind: str
    """What makes it more than reading and writing rows, in a word or two."""
    imports: str = ""
    """What the body needs beside what its file imports."""
    body: str
    """Fills it rightly, without signature and docstring."""
    wrong: tuple[Wrong, ...]


@dataclass(frozen=True, slots=True)
class Hole:
    """One operation to be written."""

    service: str
    kept: Kept

    @property
    def name(self) -> str:
        """`warehouse/takeStock`."""
        return f"{self.service}/{self.kept.operation}"

    @property
    def level(self) -> Level:
        """How hard it is."""
        return self.kept.level

    @property
    def behaviours(self) -> tuple[Behaviour, ...]:
        """Its hidden tests."""
        return tuple(_BEHAVIOURS[self.service].of[self.kept.operation])

    @property
    def schema(self) -> Path:
        """The schema of its service."""
        return _HERE / "services" / self.service / "schema.sql"

    def contract(self) -> Mapping[str, Any]:
        """The contract of its service, in which every other hole is left out."""
        document = yaml.safe_load((_HERE / "services" / self.service / "openapi.yaml").read_text(encoding="utf-8"))
        others = {kept.operation for kept in _kept(self.service)} - {self.kept.operation}
        paths = {path: _without(item, others) for path, item in document["paths"].items()}
        document["paths"] = {path: item for path, item in paths.items() if not item.keys().isdisjoint(_METHODS)}
        return {**document}


def all_holes() -> tuple[Hole, ...]:
    """Every hole, service by service. Raises InputError where what is kept of one is broken."""
    return tuple(Hole(service, kept) for service in _BEHAVIOURS for kept in _kept(service))


def holes_named(names: tuple[str, ...]) -> tuple[Hole, ...]:
    """The holes of these names, services or levels, all where none is given. Raises InputError for an unknown one."""
    holes = all_holes()
    known = {word for hole in holes for word in (hole.name, hole.service, hole.level)}
    if unknown := [name for name in names if name not in known]:
        raise InputError(
            f"there is no hole, service or level {', '.join(unknown)}; there are {', '.join(sorted(known))}"
        )
    return tuple(hole for hole in holes if not names or {hole.name, hole.service, hole.level}.intersection(names))


def _kept(service: str) -> list[Kept]:
    text = (_HERE / "hidden" / f"{service}.yaml").read_text(encoding="utf-8")
    return TypeAdapter(list[Kept]).validate_python(yaml.safe_load(text))


def _without(item: Mapping[str, Any], operations: set[str]) -> dict[str, Any]:
    return {
        key: value for key, value in item.items() if key not in _METHODS or value.get("operationId") not in operations
    }
