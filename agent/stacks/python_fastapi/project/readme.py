"""The README of a new service."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from agent.binding.callers import Proof
from agent.binding.model import Bound
from agent.binding.words import words
from agent.stacks.python_fastapi.project.rendering import render
from agent.stacks.python_fastapi.project.settings import settings_of
from agent.stacks.python_fastapi.project.shape import Shape

_SAMPLE = 1
_SENT = {Proof.TOKEN: " -H 'Authorization: Bearer TOKEN'", Proof.PASSWORD: " -u LOGIN:PASSWORD"}
"""What callers come with → how curl sends it."""


def readme_file(shape: Shape, title: str, files: Mapping[str, str]) -> str:
    """What the service is, how to run, test and ask it, what can be set."""
    description = " ".join(str(shape.contract.document.get("info", {}).get("description", "")).split())
    return render(
        "project/README.md.jinja",
        title=title,
        description=description,
        base_path=shape.contract.base_path or "/",
        resources=list(_resources(shape)),
        settings=settings_of(files),
        users=shape.accounts if "class RecentPasswords" in files.get("src/core/security.py", "") else None,
        keys=shape.binding.keys if shape.takes_keys else None,
        repeats="src/core/idempotency.py" in files,
        holes=[bound.operation.key for bound in shape.binding.holes],
    )


def _resources(shape: Shape) -> Iterator[tuple[str, str]]:
    """Name of a resource, and the command that asks for it: its first operation."""
    for resource in dict.fromkeys(bound.resource for bound in shape.binding.operations):
        first = next(bound for bound in shape.binding.operations if bound.resource == resource)
        yield " ".join(words(resource)), _curl(shape, first)


def _curl(shape: Shape, bound: Bound) -> str:
    method = "" if bound.operation.method == "get" else f" -X {bound.operation.method.upper()}"
    header = _sent(shape, bound) if bound.operation.protected else ""
    asked, body = bound.operation.body, ""
    if asked is not None and asked.json is not None:
        whole = asked.whole(shape.values.of_schema(asked.json, "body", _SAMPLE))
        sample = json.dumps(whole).replace("'", "\\u0027")
        body = f" -H 'Content-Type: application/json' -d '{sample}'"
    path = re.sub(r"\{(\w+)\}", lambda found: _upper(found[1]), bound.operation.path)
    query = "?" + header[1:] if header.startswith("?") else ""
    sent = "" if query else header
    return f"curl{method} {_quoted(f'http://localhost:8000{shape.contract.base_path}{path}{query}')}{sent}{body}"


def _quoted(address: str) -> str:
    return f"'{address}'" if "?" in address else address


def _sent(shape: Shape, bound: Bound) -> str:
    """How curl sends what callers come with; beginning with `?` what stands in the query."""
    proof = shape.binding.proof(bound.operation)
    if proof is not Proof.KEY:
        return _SENT[proof]
    scheme = shape.key_scheme(bound)
    match scheme.location:
        case "query":
            return f"?{scheme.parameter}=KEY"
        case "cookie":
            return f" -b '{scheme.parameter}=KEY'"
    return f" -H '{scheme.parameter}: KEY'"


def _upper(name: str) -> str:
    return "_".join(words(name)).upper()
