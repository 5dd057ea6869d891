"""The good services: two written by hand in different styles, and two as the blueprint delivers them.

`parcels` is called with tokens that somebody else issues, and that name what their callers may do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.errors import InputError
from agent.orchestrator.inputs import Inputs, reading
from agent.orchestrator.options import silent
from evals.defects.collection import WRITTEN

_EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass(frozen=True, slots=True)
class GoodService:
    """A service that keeps all rules."""

    name: str
    api: Path
    schema: Path
    folder: Path | None
    """None: the blueprint writes it."""


SERVICES = {
    one.name: one
    for one in (
        GoodService("notes", WRITTEN / "notes/openapi.json", WRITTEN / "notes/schema.sql", WRITTEN / "notes"),
        GoodService(
            "workshop", WRITTEN / "workshop/api/workshop.yaml", WRITTEN / "workshop/schema.sql", WRITTEN / "workshop"
        ),
        GoodService("bookshop", _EXAMPLES / "bookshop/openapi.yaml", _EXAMPLES / "bookshop/schema.sql", None),
        GoodService("parcels", WRITTEN / "parcels/openapi.yaml", WRITTEN / "parcels/schema.sql", None),
    )
}


@dataclass(frozen=True, slots=True)
class Opened:
    """A good service that lies in a folder, and what it is judged by."""

    name: str
    folder: Path
    inputs: Inputs


def service_named(name: str) -> GoodService:
    """One of them. Raises InputError."""
    if name not in SERVICES:
        raise InputError(f"there is no good service {name!r}; there are {', '.join(SERVICES)}")
    return SERVICES[name]


@contextmanager
def opened(service: GoodService, scratch: Path) -> Iterator[Opened]:
    """The service in a folder, with a database server for as long as the context is open.

    Raises InputError and MissingDependency.
    """
    with reading(service.api, (service.schema,), "python-fastapi", silent) as inputs:
        yield Opened(service.name, service.folder or _generated(service, inputs, scratch / service.name), inputs)


def _generated(service: GoodService, inputs: Inputs, folder: Path) -> Path:
    scaffold = inputs.stack.scaffold(inputs.contract, inputs.catalog, inputs.binding, service.name.capitalize())
    for path, content in scaffold.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    return folder
