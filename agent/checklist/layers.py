"""Which files of a worktree are the service's code, and which layer each belongs to."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Literal

from agent.checklist.names import syntax_trees

Layer = Literal["routes", "services", "repositories"]

_PLACES: Mapping[str, Layer] = {
    "src/api/routes": "routes",
    "src/services": "services",
    "src/repositories": "repositories",
}
_ASIDE = frozenset({"tests", "test", "scripts", "tools", "bin", "docs", "examples"})


def layer(path: str) -> Layer | None:
    """The layer of a file: a package of it, or the one module that it is; None for everything else."""
    return next(
        (name for place, name in _PLACES.items() if path == f"{place}.py" or path.startswith(f"{place}/")), None
    )


def code(files: Mapping[str, str]) -> Mapping[str, str]:
    """What is below `src/`; where nothing is, all Python code, tests, scripts and migrations aside."""
    below = {path: text for path, text in files.items() if path.startswith("src/")}
    return below or {
        path: files[path] for path, tree in syntax_trees(files) if not aside(path) and not is_migration(tree)
    }


def aside(path: str) -> bool:
    """Tests and scripts, which no service runs."""
    parts = PurePosixPath(path).parts
    return (
        not _ASIDE.isdisjoint(parts[:-1])
        or parts[-1].startswith("test_")
        or parts[-1].endswith("_test.py")
        or parts[-1] == "conftest.py"
    )


def is_migration(tree: ast.Module) -> bool:
    """One revision of a migration tool."""
    return any(isinstance(one, ast.FunctionDef) and one.name == "upgrade" for one in tree.body)
