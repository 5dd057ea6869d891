"""A small service as somebody else wrote it: another layout, another style, its own words to those who work in it.

Each file ends in `.txt`, so that no tool of this project looks at it.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

_FILES = Path(__file__).parent


def repository(folder: Path) -> Path:
    """A git repository of it, with one commit on `main`; the folder is made."""
    for file in sorted(_FILES.rglob("*.txt")):
        place = folder / file.relative_to(_FILES).with_suffix("")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place)
    who = ("-c", "user.name=Someone", "-c", "user.email=someone@localhost", "-c", "commit.gpgSign=false")
    for arguments in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-q", "-m", "First")):
        subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)
    return folder
