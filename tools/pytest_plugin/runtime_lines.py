"""Which lines of the worktree's own code each test runs, by Python's own monitoring: a line costs once a test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader as Loader
from pathlib import Path
from types import CodeType
from typing import Any

_TOOL = 4
"""An identity that neither debuggers, nor coverage, nor profilers use."""

Line = tuple[str, int]
"""File, relative to the worktree, and number."""


class LineWatch:
    """Watches every module below a folder that is imported from now on."""

    def __init__(self, folder: Path) -> None:
        self.modules: dict[str, CodeType] = {}
        """Code of each imported module, by its file relative to the working directory."""
        self._folder = f"{folder}/"
        self._root = f"{Path.cwd()}/"
        self._seen: set[Line] = set()
        self._called: set[Line] = set()
        sys.monitoring.use_tool_id(_TOOL, "runtime_lines")
        sys.monitoring.register_callback(_TOOL, sys.monitoring.events.LINE, self._line)
        self._follow_imports()

    def begin(self) -> None:
        """Forget what was seen, and see every line once more."""
        self._seen, self._called = set(), set()
        sys.monitoring.restart_events()

    def seen(self) -> frozenset[Line]:
        """The lines since `begin`."""
        return frozenset(self._seen)

    def called(self) -> frozenset[Line]:
        """The functions of which a line ran since `begin`, by the line with which each begins, decorators included."""
        return frozenset(self._called)

    def end(self) -> None:
        """Watch no longer."""
        sys.monitoring.register_callback(_TOOL, sys.monitoring.events.LINE, None)
        sys.monitoring.free_tool_id(_TOOL)

    def _line(self, code: CodeType, line: int) -> object:
        file = code.co_filename.removeprefix(self._root)
        self._seen.add((file, line))
        self._called.add((file, code.co_firstlineno))
        return sys.monitoring.DISABLE

    def _follow_imports(self) -> None:
        original, watch = Loader.get_code, self

        def get_code(loader: Any, name: str) -> CodeType | None:
            code = original(loader, name)
            if code is not None and code.co_filename.startswith(watch._folder):
                watch._add(code)
            return code

        setattr(Loader, "get_code", get_code)  # noqa: B010

    def _add(self, module: CodeType) -> None:
        self.modules[module.co_filename.removeprefix(self._root)] = module
        for code in codes_of(module):
            if code is not module:
                sys.monitoring.set_local_events(_TOOL, code, sys.monitoring.events.LINE)


def codes_of(code: CodeType) -> Iterator[CodeType]:
    """A code object, and all those inside it, outermost first."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes_of(constant)
