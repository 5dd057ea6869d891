"""What a document is refused for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.contract.loading import load_contract
from agent.errors import ContractError

HEAD = """\
openapi: 3.0.3
info: {title: Books, version: '1'}
"""
"""Two lines, so that what follows begins at line 3."""


def problems_of(folder: Path, name: str, text: str) -> tuple[Any, ...]:
    """Every problem of this text."""
    path = folder / name
    path.write_text(text)
    with pytest.raises(ContractError) as caught:
        load_contract(path, strict=True)
    return caught.value.problems
