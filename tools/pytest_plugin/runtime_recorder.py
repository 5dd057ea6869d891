"""A pytest plugin that writes down every test and every request that a test sends through a Starlette application.

Requests are seen where an application is called as
ASGI, so it does not matter whether a test uses httpx, a test client or a server thread. The route is found in the
application's own table, so that answers of a middleware before the router count for the operation that was asked for.
"""

from __future__ import annotations

import importlib
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from typing import Any

import pytest

_LONGEST_MESSAGE = 6000
_DECIDING = ("pytest_runtestloop", "pytest_runtest_protocol", "pytest_runtest_call", "pytest_pyfunc_call")
"""Hooks that decide whether and how a test runs; the worktree's `conftest.py` may not stand in for them."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class RuntimeRecorder:
    """The plugin; `write` takes what it sees. With an `order`, tests run in the random order of that seed."""

    def __init__(self, write: Callable[[dict[str, Any]], None], order: str | None = None) -> None:
        self._order = order
        self._write = write
        self._test = ""
        self._worst: dict[str, tuple[str, str]] = {}
        self._raised: dict[tuple[str, str], str] = {}
        self._logged: Any = importlib.import_module("runtime_logged").Logged()
        self.noticed: Callable[[], None] = lambda: None
        """Called when an application is asked."""

    def watch_logging(self) -> None:
        """Keep from now on what is logged of errors, for tests that fail."""
        self._logged.watch()

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
        self.noticed()
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
            if template is not None and self._test:
                touch = {"method": asked[0], "route": template, "status": status, "test": self._test}
                self._write({"kind": "touch", **touch})

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """All tests are known: shuffle them, whatever order the workspace has given them."""
        if self._order is not None:
            random.Random(self._order).shuffle(items)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A test begins, its fixtures included."""
        self._test = nodeid
        self._logged.forget()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
        """Keep what a phase of a test raised, before anybody makes a report of it."""
        if call.excinfo is not None:
            self._raised[item.nodeid, call.when] = str(call.excinfo.getrepr(style="value"))

    def pytest_runtest_logreport(self, report: Any) -> None:
        """A phase of a test has ended."""
        outcome = _outcome(report)
        raised = self._raised.pop((report.nodeid, report.when), None)
        if raised is not None and report.passed:
            self._worst[report.nodeid] = ("failed", f"reported as passed, but it raised\n{raised}"[:_LONGEST_MESSAGE])
        elif outcome is not None:
            message = report.longreprtext[-_LONGEST_MESSAGE:]
            self._worst[report.nodeid] = (outcome, self._logged.before(message) if report.failed else message)
        elif report.when == "call":
            self._worst.setdefault(report.nodeid, ("passed", ""))

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """A test has ended; what is known about it is written."""
        outcome, message = self._worst.pop(nodeid, ("passed", ""))
        self._write({"kind": "case", "name": nodeid, "outcome": outcome, "message": message})
        self._test = ""

    def pytest_sessionfinish(self, session: Any) -> None:
        """Everything has run; who else had a say in it is told."""
        root = str(session.config.rootpath)
        for name in _DECIDING:
            for implementation in getattr(session.config.hook, name).get_hookimpls():
                file = implementation.function.__code__.co_filename
                if file.startswith(f"{root}/"):
                    message = f"{name} decides how tests run: remove it"
                    case = {"name": file.removeprefix(f"{root}/"), "outcome": "error", "message": message}
                    self._write({"kind": "case", **case})

    def pytest_collectreport(self, report: Any) -> None:
        """Something could not be imported, or says that it is to be skipped as a whole."""
        if report.failed or report.skipped:
            outcome, message = "error" if report.failed else "skipped", str(report.longrepr)[-_LONGEST_MESSAGE:]
            self._write({"kind": "case", "name": report.nodeid, "outcome": outcome, "message": message})


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
