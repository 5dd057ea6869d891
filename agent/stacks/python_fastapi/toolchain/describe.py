"""Prints the OpenAPI document that the code of a service stands for: describe.py MODULE:NAME.

Runs in the sandbox, in the worktree. The document is made from the routes, not by `app.openapi`,
which a service may have replaced by one that reads a file. What the service prints while it is
imported goes to standard error.
"""

from __future__ import annotations

import importlib
import json
import os
import sys


def main() -> None:
    """Import the application, and print its document as one line of JSON."""
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
    json.dump(document, answer)
    answer.close()


main()
