"""Puts the corpus where it belongs: into a contract, a schema, a task, and a repository."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from tests.injection.corpus import Injection, placed

_TINY = Path(__file__).parents[1] / "end_to_end" / "tiny"


def git(folder: Path, *arguments: str) -> str:
    """What git answers."""
    who = ("-c", "user.name=Someone", "-c", "user.email=someone@localhost", "-c", "commit.gpgSign=false")
    return subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def plant_inputs(folder: Path, injections: Iterable[Injection], repository: Path, places: dict[str, str]) -> Path:
    """The smallest task with every text in it; its `task.yaml`."""
    shutil.copytree(_TINY, folder)
    document = yaml.safe_load((folder / "openapi.yaml").read_text())
    statements, notes = [(folder / "schema.sql").read_text()], []
    for one in injections:
        text = placed(one.shown, places)
        if one.at:
            _put(document, one.at, text)
        elif one.sql:
            statements.append(one.sql.replace("{text}", text.replace("'", "''")))
        elif one.acceptance:
            notes.append(f"- {text}")
    (folder / "openapi.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    (folder / "schema.sql").write_text("\n".join(statements) + "\n")
    task = yaml.safe_load((folder / "task.yaml").read_text())
    task |= {"acceptance": "\n".join(notes), "workspace": {"repository": str(repository), "base": "main"}}
    (folder / "task.yaml").write_text(yaml.safe_dump(task))
    return folder / "task.yaml"


def plant_repository(folder: Path, injections: Iterable[Injection], places: dict[str, str]) -> None:
    """A repository with every text in it, a branch `release` beside `main`, and a commit message that is an order."""
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    messages = []
    for one in injections:
        text = placed(one.shown, places)
        if one.file:
            file = folder / one.file
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(one.body.replace("{text}", text))
        elif one.commit:
            messages.append(text)
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "\n\n".join(["First", *messages]))
    git(folder, "branch", "release")


def _put(document: Any, pointer: str, text: str) -> None:
    *parents, last = (part.replace("~1", "/").replace("~0", "~") for part in pointer.lstrip("/").split("/"))
    for part in parents:
        document = document.setdefault(part, []) if last == "0" and part == parents[-1] else document[part]
    if isinstance(document, list):
        document.append(text)
    else:
        document[last] = text
