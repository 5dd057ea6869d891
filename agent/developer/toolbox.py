"""The tools that the model may call: bounded results, failures first, from the same code as the gates' own."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace

from pydantic_ai import RunContext
from pydantic_ai.toolsets import FunctionToolset

from agent.developer.seen import Seen
from agent.stacks.base import DatabaseAccess, Stack
from agent.workspace.model import Workspace
from tools.errors import Refused
from tools.files import Files
from tools.listing import listed
from tools.redaction.room import room
from tools.rendering import render
from tools.reports import Finding, ToolReport
from tools.search import search

_CHARACTERS = 12_000
"""The most that one result holds."""

_FILES = 10_000
"""The most that a listing looks at."""
_LINES = 60
"""Of a listing; it is sent again with every request that follows, so it may not grow with the project."""

QUICK_SECONDS = 1.8
"""After an edit; what takes longer is left to `check`."""
_QUICK_CHARACTERS = 2_000
_UNFORMATTED = "unformatted"
"""What a finding is called that is about the style of a whole file."""


async def _no_packages(asked: str) -> str:
    raise Refused(f"{asked}: no packages can be added here")


@dataclass(frozen=True, slots=True)
class Toolbox:
    """What the tools work on."""

    workspace: Workspace
    stack: Stack
    files: Files
    empty_database: Callable[[], AbstractAsyncContextManager[DatabaseAccess]]
    """An empty database for one run of the tests, gone afterwards."""

    add_package: Callable[[str], Awaitable[str]] = _no_packages
    """Adds a package to the service; what came of it, in words."""

    seen: Seen = field(default_factory=Seen)
    """What the model knows of the files."""

    theirs: frozenset[str] = frozenset()
    """Files that others wrote in a style of their own: formatting leaves them alone, and what linter and type checker
    say of their lines is not told."""

    async def format(self) -> None:
        """Format the code, but for what others wrote."""
        mine = [path for path in self.workspace.read() if path.endswith(".py") and path not in self.theirs]
        if mine or not self.theirs:
            await self.stack.format(self.workspace, mine if self.theirs else (".",))

    def without_theirs(self, report: ToolReport) -> ToolReport:
        """What was found in lines that others did not write."""
        return replace(report, findings=tuple(one for one in report.findings if not self._is_theirs(one)))

    def _is_theirs(self, finding: Finding) -> bool:
        if finding.file not in self.theirs:
            return False
        lines = self.files.text(finding.file).splitlines()[finding.line - 1 : finding.line]
        return finding.code == _UNFORMATTED or not {*lines} - {*self.workspace.before(finding.file).splitlines()}


toolset: FunctionToolset[Toolbox] = FunctionToolset(max_retries=5)


@toolset.tool
async def list_files(ctx: RunContext[Toolbox], folder: str = ".") -> str:
    """List the files below a folder of the project; folders that hold many are counted.

    Args:
        folder: Relative to the project's root.
    """
    listing = ctx.deps.files.list(folder, limit=_FILES)
    more = f"\n… and {listing.left_out} more" if listing.left_out else ""
    return _bounded(("\n".join(listed(listing.entries, folder, _LINES)) or "no files") + more)


@toolset.tool
async def read_file(ctx: RunContext[Toolbox], path: str, first_line: int = 1, last_line: int | None = None) -> str:
    """Read a text file of the project, with line numbers.

    Args:
        path: Relative to the project's root.
        first_line: Where to begin.
        last_line: Where to end; left out: at the end of the file.
    """
    count = None if last_line is None else max(last_line - first_line + 1, 1)
    text = ctx.deps.files.read(path, first=first_line, count=count, numbered=True)
    ctx.deps.seen.note(ctx.deps.files, path)
    return _bounded(text)


@toolset.tool(sequential=True)
async def write_file(ctx: RunContext[Toolbox], path: str, content: str) -> str:
    """Write a whole file, new or in place of the old one.

    Args:
        path: Relative to the project's root; folders are made.
        content: All of it.
    """
    files = ctx.deps.files
    ctx.deps.seen.require(files, path)
    before = _there(files, path)
    files.write(path, room.restore(content, before, path))
    if not before:  # what a new file needs, and what needs it, is mostly not there yet
        ctx.deps.seen.note(files, path)
        return f"wrote {path}"
    return await _checked(ctx.deps, path, f"wrote {path}")


@toolset.tool(sequential=True)
async def edit_file(ctx: RunContext[Toolbox], path: str, old: str, new: str) -> str:
    """Replace one passage of a file. The passage must stand there exactly once, letter by letter.

    Args:
        path: Relative to the project's root.
        old: The passage as it is now, with enough lines around it to be unique, without line numbers.
        new: What takes its place.
    """
    files = ctx.deps.files
    ctx.deps.seen.require(files, path)
    before = files.text(path)
    files.edit(path, room.restore(old, before, path), room.restore(new, before, path))
    return await _checked(ctx.deps, path, f"edited {path}")


@toolset.tool(sequential=True)
async def replace_function(ctx: RunContext[Toolbox], name: str, source: str) -> str:
    """Replace one whole function or method that is there. The rest of the file stays as it is.

    Args:
        name: Qualified: `src.services.orders.OrderService.cancel`.
        source: The whole new function: its decorators, signature, docstring and body, indented in any way. Imports that
            it needs may stand above it; they join those of the file.
    """
    files = ctx.deps.files
    change = await asyncio.to_thread(ctx.deps.stack.replace_function, files, name, source)
    ctx.deps.seen.require(files, change.path)
    files.write(change.path, room.restore(change.content, files.text(change.path), change.path))
    return await _checked(ctx.deps, change.path, f"replaced {name} in {change.path}")


@toolset.tool
async def search_files(ctx: RunContext[Toolbox], pattern: str, folder: str = ".") -> str:
    """Find a regular expression in the project's files.

    Args:
        pattern: A Python regular expression, matched line by line.
        folder: Where to look, relative to the project's root.
    """
    matches = await asyncio.to_thread(search, ctx.deps.files, pattern, path=folder)
    return _bounded("\n".join(map(str, matches.found)) or "no match") + (" (and more)" if matches.more else "")


@toolset.tool(sequential=True)
async def check(ctx: RunContext[Toolbox]) -> str:
    """Format the code, then run the linter and the type checker, with the gates' own settings."""
    bench = ctx.deps
    await bench.format()
    formatted = [f"formatting changed:\n{change}" for change in bench.seen.catch_up(bench.files)]
    reports = [await bench.stack.lint(bench.workspace), await bench.stack.check_types(bench.workspace)]
    return _bounded("\n".join([*(render(bench.without_theirs(one)) for one in reports), *formatted]))


@toolset.tool(sequential=True)
async def run_tests(ctx: RunContext[Toolbox], only: list[str] | None = None) -> str:
    """Run the project's tests on an empty database.

    Args:
        only: Test files or test ids; left out: all of them, with coverage.
    """
    for one in only or ():
        if one.startswith("-"):
            raise Refused(f"{one}: `only` names test files and test ids, no options")
    async with ctx.deps.empty_database() as database:
        report = await ctx.deps.stack.run_tests(ctx.deps.workspace, database, tuple(only or ()))
    return _bounded(render(report))


@toolset.tool(sequential=True)
async def add_package(ctx: RunContext[Toolbox], requirement: str) -> str:
    """Add a package to the service. Use it only where the standard library and the packages that are there do not do.

    Args:
        requirement: Name, with versions where they matter: `humanize`, `orjson>=3`. It is pinned and recorded.
    """
    return await ctx.deps.add_package(requirement)


async def _checked(bench: Toolbox, path: str, done: str) -> str:
    """What was done to a file, and what linter and type checker say to it, where they are quick enough."""
    bench.seen.note(bench.files, path)
    checked = await bench.stack.check_file(bench.workspace, posixpath.normpath(path), seconds=QUICK_SECONDS)
    report = bench.without_theirs(checked)
    if not report.command:
        return done
    if report.crashed:
        late = f"{done}; not wholly checked within {QUICK_SECONDS:g} s, call `check`"
        found = render(replace(report, crashed=""), _QUICK_CHARACTERS)
        return _bounded(f"{late}: {found}") if report.findings else late
    return _bounded(f"{done}; linter and type checker: {render(report, _QUICK_CHARACTERS)}")


def _there(files: Files, path: str) -> str:
    """What stands in a file now; nothing where there is none that could be shown."""
    try:
        return files.text(path)
    except (FileNotFoundError, NotADirectoryError, Refused):
        return ""


def _bounded(given: str) -> str:
    """A result of bearable length; secrets are replaced first, so that none is cut in two and half of it stays."""
    text = room.redact(given)
    if len(text) <= _CHARACTERS:
        return text
    return f"{text[:_CHARACTERS]}\n… {len(text) - _CHARACTERS} characters more; ask for a part of it"
