"""A pytest plugin that writes down every test and every request that a test sends through a Starlette application.

Lines of JSON in the results folder: `cases.jsonl`, `touches.jsonl`. Requests are seen where an application is called as
ASGI, so it does not matter whether a test uses httpx, a test client or a server thread. The route is found in the
application's own table, so that answers of a middleware before the router count for the operation that was asked for.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from pathlib import Path
from typing import Any, TextIO

import pytest

_LONGEST_MESSAGE = 6000

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class RuntimeRecorder:
    """The plugin; `folder` must be writable."""

    def __init__(self, folder: Path) -> None:
        self._cases = (folder / "cases.jsonl").open("w", encoding="utf-8")
        self._touches = (folder / "touches.jsonl").open("w", encoding="utf-8")
        self._test = ""
        self._worst: dict[str, tuple[str, str]] = {}

    def watch_applications(self) -> None:
        """Record the calls of every Starlette application from now on; nothing when Starlette is not installed."""
        try:
            starlette: Any = importlib.import_module("starlette.applications").Starlette
        except ImportError:
            return
        called, recorder = starlette.__call__, self

        async def recorded(application: Any, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope.get("runtime_recorder"):
                await called(application, scope, receive, send)
            else:
                await recorder.call(called, application, scope, receive, send)

        starlette.__call__ = recorded

    async def call(self, called: Any, application: Any, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application and write down what it answers; an exception that leaves it counts as 500."""
        scope["runtime_recorder"] = True
        asked = (scope["method"], _path(scope))
        status = 500

        async def noting(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        try:
            await called(application, scope, receive, noting)
        finally:
            template = _template(application, *asked)
            if template is not None:
                touch = {"method": asked[0], "route": template, "status": status, "test": self._test}
                _write(self._touches, touch)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A test begins, its fixtures included."""
        self._test = nodeid

    def pytest_runtest_logreport(self, report: Any) -> None:
        """A phase of a test has ended."""
        outcome = _outcome(report)
        if outcome is not None:
            self._worst[report.nodeid] = (outcome, report.longreprtext[-_LONGEST_MESSAGE:])
        elif report.when == "call":
            self._worst.setdefault(report.nodeid, ("passed", ""))

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """A test has ended; what is known about it is written."""
        outcome, message = self._worst.pop(nodeid, ("passed", ""))
        _write(self._cases, {"name": nodeid, "outcome": outcome, "message": message})
        self._test = ""

    def pytest_collectreport(self, report: Any) -> None:
        """Something could not be imported."""
        if report.failed:
            message = str(report.longrepr)[-_LONGEST_MESSAGE:]
            _write(self._cases, {"name": report.nodeid, "outcome": "error", "message": message})


def _outcome(report: Any) -> str | None:
    if report.skipped:
        return "skipped"
    if report.failed:
        return "failed" if report.when == "call" else "error"
    return None


def _path(scope: Scope) -> str:
    path, root = str(scope["path"]), str(scope.get("root_path") or "")
    return path.removeprefix(root) or "/" if path == root or path.startswith(f"{root}/") else path


def _template(application: Any, method: str, path: str) -> str | None:
    for expression, methods, template in _table(application.routes):
        if expression.match(path) and (not methods or method in methods):
            return template
    return None


def _table(routes: Iterable[Any], prefix: str = "") -> Iterator[tuple[Any, Any, str]]:
    """Expression, methods and template of each route; those of mounted applications with the mount's path in front."""
    compile_path = importlib.import_module("starlette.routing").compile_path
    for route in _flat(routes):
        template = getattr(route, "path_format", None) or getattr(route, "path", None)
        beneath = getattr(route, "routes", None)
        if beneath and isinstance(template, str):
            yield from _table(beneath, prefix + template.removesuffix("/{path}"))
        elif isinstance(template, str) and hasattr(route, "methods"):
            expression = compile_path(prefix + (getattr(route, "path", None) or template))[0]
            yield expression, route.methods, prefix + template


def _flat(routes: Iterable[Any]) -> Iterable[Any]:
    """The routes with included routers taken apart, which newer versions of FastAPI keep as they were included."""
    try:
        taken_apart: Any = importlib.import_module("fastapi.routing").iter_route_contexts
    except (ImportError, AttributeError):
        return routes
    flat: Iterable[Any] = taken_apart(list(routes))
    return flat


def _write(file: TextIO, record: dict[str, Any]) -> None:
    file.write(json.dumps(record) + "\n")
    file.flush()
