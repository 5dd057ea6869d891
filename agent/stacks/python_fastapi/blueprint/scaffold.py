"""The blueprint: from contract, catalog and binding to the source of a whole service. Same input, same bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping

from agent.binding.model import Binding
from agent.catalog.model import Catalog
from agent.contract.model import Contract
from agent.stacks.base import Hole
from agent.stacks.python_fastapi.blueprint.formatting import formatted
from agent.stacks.python_fastapi.blueprint.holes import open_holes
from agent.stacks.python_fastapi.blueprint.planning import Plan
from agent.stacks.python_fastapi.blueprint.rendering import Renderer

_PACKAGES = (
    "src",
    "src/core",
    "src/api",
    "src/api/routes",
    "src/api/dependencies",
    "src/services",
    "src/repositories",
    "src/models",
    "src/schemas",
)


def scaffold_service(
    contract: Contract, catalog: Catalog, binding: Binding, title: str
) -> tuple[Mapping[str, str], tuple[Hole, ...]]:
    """The files of the service under `src/`, with `openapi.json`, and the functions that somebody has to write.

    Every operation of the contract has its route; one that cannot be derived raises `OperationNotImplemented`.
    """
    plan = Plan(contract, catalog, binding, title)
    renderer = Renderer(plan)
    source = {f"{package}/__init__.py": "" for package in _PACKAGES} | dict(renderer.files())
    files = {"openapi.json": _document(contract), **formatted(source)}
    reasons = {one.key: one.reason for one in plan.operations}
    holes = tuple(
        Hole(hole.name, hole.file, hole.line, hole.operation, reasons.get(hole.operation, ""))
        for hole in open_holes(files)
    )
    return dict(sorted(files.items())), holes


def _document(contract: Contract) -> str:
    return json.dumps(contract.document, indent=2, ensure_ascii=False, default=str) + "\n"
