"""Packages that the code needs and that are not there: said once, whatever came to nothing for want of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import replace

from agent.checklist.case import Found
from agent.checklist.names import nodes, syntax_trees
from agent.receipts import Outcome, Receipt
from agent.workspace.model import Workspace

_NO_MODULE = re.compile(r"ModuleNotFoundError: No module named '(?P<module>\w+)(\.[\w.]+)?'")
_JUDGED_WITH = "the packages with which backends are judged (FastAPI, SQLAlchemy, asyncpg, redis and others)"
_REMEDY = (
    "declare its package in pyproject.toml or requirements.txt, and it is installed; where the notes of the report say "
    "that it was refused, let it in: `allowed` in dependencies.toml, in the settings folder"
)


def told_once(found: Found, workspace: Workspace) -> Found:
    """The same; what failed because a package is missing says that and nothing else, so that it is one finding."""
    if not any(_NO_MODULE.search(one.found) for one in found.receipts):
        return found
    files = workspace.read()
    return replace(found, receipts=tuple(_told(one, files) for one in found.receipts))


def missing_module(text: str, files: Mapping[str, str]) -> str:
    """The module that is neither in the worktree nor installed, by what Python printed; empty when there is none."""
    named = _NO_MODULE.search(text)
    return named["module"] if named and not _is_own(named["module"], files) else ""


def _told(receipt: Receipt, files: Mapping[str, str]) -> Receipt:
    module = missing_module(receipt.found, files) if receipt.outcome is Outcome.FAILED else ""
    if not module:
        return receipt
    why = f"{module} is neither in the worktree nor among {_JUDGED_WITH}, and the code imports it: {_REMEDY}"
    changes = {"found": why, "hindered": True, "places": _importing(module, files)}
    return receipt.model_copy(update={**changes, "reproduce": f"python -c 'import {module}'"})


def _importing(module: str, files: Mapping[str, str]) -> tuple[str, ...]:
    """`path:line` of each import of it."""
    return tuple(
        f"{path}:{one.lineno}"
        for path, tree in syntax_trees(files)
        for one in nodes(tree)
        if isinstance(one, ast.Import | ast.ImportFrom) and module in _imported(one)
    )


def _imported(statement: ast.Import | ast.ImportFrom) -> set[str]:
    names = [statement.module or ""] if isinstance(statement, ast.ImportFrom) else [one.name for one in statement.names]
    return {name.partition(".")[0] for name in names}


def _is_own(module: str, files: Mapping[str, str]) -> bool:
    places = (f"{module}.py", f"{module}/", f"src/{module}.py", f"src/{module}/")
    return any(path.startswith(places) for path in files)
