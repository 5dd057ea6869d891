"""How large a model of one's own is: by its name, else by what its server tells of it."""

from __future__ import annotations

import re

import httpx
from pydantic_ai.models import Model

SMALL = 8.0
"""Billions of parameters up to which a model cannot be relied on to work with ten tools for forty answers."""
_SECONDS = 3.0
_BILLIONS = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?)b(?![a-z0-9])", re.IGNORECASE)


def is_small(model: Model) -> bool:
    """True where it is known that the model has few parameters; what nobody knows is not small."""
    size = billions(model.model_name)
    if size is None:
        size = _told_by(model)
    return size is not None and size <= SMALL


def billions(name: str) -> float | None:
    """What a name says: 1.5 of `qwen2.5-coder-1.5b-instruct`; of a mixture (`30b-a3b`) all of it; else None."""
    sizes = [float(one) for one in _BILLIONS.findall(name.replace("_", "-"))]
    return max(sizes, default=None)


def _told_by(model: Model) -> float | None:
    """What the server lists: `GET /v1/models`, as llama.cpp, Ollama and vLLM answer it; None where it does not."""
    address = (model.base_url or "").rstrip("/").removesuffix("/v1")
    if not address:
        return None
    try:
        listed = httpx.get(f"{address}/v1/models", timeout=_SECONDS).json()["data"]
        mine = [one for one in listed if one["id"] == model.model_name] or (listed if len(listed) == 1 else [])
        return _size(mine[0]) if mine else None
    except (httpx.HTTPError, ValueError, LookupError, TypeError):
        return None


def _size(listed: dict[str, object]) -> float | None:
    meta = listed.get("meta")
    count = meta.get("n_params") if isinstance(meta, dict) else None
    return count / 1e9 if isinstance(count, int | float) and count > 0 else billions(str(listed["id"]))
