"""The tree that everybody starts from: the service as the blueprint writes it, with one function left open."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.errors import InputError
from agent.orchestrator.inputs import Inputs, reading
from agent.orchestrator.options import silent
from agent.stack_name import StackName
from agent.stacks import base
from evals.holes.collection import Hole, Wrong
from prompts.rendering import HoleView
from tools.files import Files

STACK: StackName = "python-fastapi"


@dataclass(frozen=True, slots=True)
class Started:
    """A hole in its service."""

    hole: Hole
    inputs: Inputs
    files: Mapping[str, str]
    """The whole tree: path → content."""
    open: base.Hole
    """The one function that is to be written."""

    @property
    def title(self) -> str:
        """Of the task."""
        return title_of(self.hole)

    @property
    def source(self) -> str:
        """The open function as it stands, without its indentation."""
        function, lines = self._function()
        return textwrap.dedent("".join(lines[function.lineno - 1 : function.end_lineno]))

    @property
    def view(self) -> HoleView:
        """The open function, as a model is shown it."""
        return HoleView(self.open.name, self.open.file, self.open.line, self.source, self.open.operation)

    def filled(self, body: str, imports: str = "") -> str:
        """The open function with this body, below these imports."""
        function, lines = self._function()
        head = textwrap.dedent("".join(lines[function.lineno - 1 : function.body[-1].lineno - 1]))
        return f"{imports}\n{head}{textwrap.indent(body, '    ')}"

    def reference(self) -> str:
        """The right fill."""
        return self.filled(self.hole.kept.body, self.hole.kept.imports)

    def wrong(self, one: Wrong) -> str:
        """A wrong fill. Raises InputError where it no longer fits."""
        body = self.hole.kept.body
        if body.count(one.instead_of) != 1:
            raise InputError(
                f"{self.hole.name}: {one.instead_of!r} stands {body.count(one.instead_of)} times in its fill"
            )
        return self.filled(body.replace(one.instead_of, one.write), self.hole.kept.imports)

    def write(self, folder: Path) -> None:
        """Write the tree into a folder."""
        for path, content in self.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(content, encoding="utf-8")

    def put(self, folder: Path, source: str) -> None:
        """Put a function where the open one stands, in a folder that holds the tree. Raises EditFailed."""
        change = self.inputs.stack.replace_function(Files(folder), self.open.name, source)
        (folder / change.path).write_text(change.content, encoding="utf-8")

    def _function(self) -> tuple[ast.AsyncFunctionDef, list[str]]:
        text, name = self.files[self.open.file], self.open.name.rpartition(".")[2]
        found = (one for one in ast.walk(ast.parse(text)) if isinstance(one, ast.AsyncFunctionDef) and one.name == name)
        return next(found), text.splitlines(keepends=True)


def title_of(hole: Hole) -> str:
    """What the task is called."""
    return f"{hole.service.capitalize()} API"


@contextmanager
def started(hole: Hole) -> Iterator[Started]:
    """The tree, with a database server for as long as the context is open.

    Raises InputError where the blueprint leaves open another number of functions than one, and MissingDependency.
    """
    with reading(hole.contract(), (hole.schema,), STACK, silent) as inputs:
        scaffold = inputs.stack.scaffold(inputs.contract, inputs.catalog, inputs.binding, title_of(hole))
        if len(scaffold.holes) != 1:
            raise InputError(f"{hole.name}: the blueprint leaves open {len(scaffold.holes)} functions, not one")
        yield Started(hole, inputs, dict(scaffold.files), scaffold.holes[0])
