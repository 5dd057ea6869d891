"""Prints the OpenAPI document that a service's code stands for, and where it may be served.

describe.py MODULE:NAME

Runs in the sandbox, in the worktree. The document is made from the routes, not by `app.openapi`,
which a service may have replaced by one that reads a file. What the service prints while it is
imported goes to standard error.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI

_WORDS = ("openapi", "swagger", "schema")


def main() -> None:
    """Import the application, and print document and paths as one line of JSON."""
    sys.path.insert(0, os.getcwd())
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    module, _, name = sys.argv[1].partition(":")
    app = getattr(importlib.import_module(module), name)

    from fastapi import FastAPI
    from fastapi.openapi.utils import get_openapi

    if not isinstance(app, FastAPI):
        app = app()
    document = get_openapi(
        title=app.title, version=app.version, openapi_version=app.openapi_version, routes=app.routes
    )
    json.dump({"document": document, "served_at": sorted(served_at(app))}, answer)
    answer.close()


def served_at(app: FastAPI, below: str = "") -> Iterator[str]:
    """The paths at which the application, or one that is mounted in it, may show a document."""
    from fastapi import FastAPI
    from starlette.routing import Mount

    yield from [f"{below}{app.openapi_url}"] if app.openapi_url else []
    for route in app.routes:
        path = f"{below}{getattr(route, 'path', '')}"
        if isinstance(route, Mount) and isinstance(route.app, FastAPI):
            yield from served_at(route.app, path)
        elif "{" not in path and any(word in path.lower() for word in _WORDS):
            yield path


main()
