"""Ruff as a function: lint, check the format, format. Its configuration is the caller's, never the workspace's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from tools.reports import Finding, ToolReport
from tools.running import Runner
from tools.sandbox.base import WORKSPACE, CommandResult, Limits, Mounts

_LIMITS = Limits(seconds=60)


class _Location(BaseModel):
    row: int


class _Fix(BaseModel):
    applicability: str


class _Diagnostic(BaseModel):
    code: str | None
    message: str
    filename: str
    location: _Location | None
    fix: _Fix | None = None


_DIAGNOSTICS = TypeAdapter(list[_Diagnostic])


async def lint(
    run: Runner, *, config: Path, paths: Sequence[str] = (".",), root: str = WORKSPACE, limits: Limits = _LIMITS
) -> ToolReport:
    """What the linter finds, suppressed findings left out. `root` is the worktree's path inside the sandbox."""
    asked = ("check", "--output-format", "json", "--no-fix")
    result = await _ruff(run, config, asked, paths, writable=False, limits=limits)
    return _report(result, root)


async def check_format(
    run: Runner, *, config: Path, paths: Sequence[str] = (".",), root: str = WORKSPACE
) -> ToolReport:
    """The files that the formatter would change, one finding each."""
    result = await _ruff(run, config, ("format", "--check", "--output-format", "json"), paths, writable=False)
    return _report(result, root)


async def format_files(run: Runner, *, config: Path, paths: Sequence[str] = (".",), fix: bool = True) -> ToolReport:
    """Format in place, with `fix` after applying the linter's safe repairs; findings are files it cannot parse."""
    seconds = 0.0
    if fix:
        repaired = await _ruff(run, config, ("check", "--fix", "--exit-zero", "--quiet"), paths, writable=True)
        seconds = repaired.seconds
    result = await _ruff(run, config, ("format",), paths, writable=True)
    crashed = "" if result.ok else result.output or f"ended by {result.ending}"
    return ToolReport(result.command, (), seconds + result.seconds, crashed)


async def _ruff(
    run: Runner,
    config: Path,
    arguments: Sequence[str],
    paths: Sequence[str],
    *,
    writable: bool,
    limits: Limits = _LIMITS,
) -> CommandResult:
    # A given file takes the place of every ruff.toml and pyproject.toml; what git ignores is still looked at.
    fixed = ("--config", str(config), "--no-cache", "--no-respect-gitignore", "--force-exclude")
    return await run(
        ("python", "-I", "-B", "-m", "ruff", *arguments, *fixed, "--", *paths),
        mounts=Mounts(read_only=(config,)),
        environment={"NO_COLOR": "1"},
        limits=limits,
        writable=writable,
    )


def _report(result: CommandResult, root: str) -> ToolReport:
    try:
        findings = tuple(_finding(one, root) for one in _DIAGNOSTICS.validate_json(result.stdout))
    except ValidationError:
        return _crashed(result)
    complete = result.ending == "exited" and (result.exit_code == 0 or (result.exit_code in (1, 2) and findings))
    return ToolReport(result.command, findings, result.seconds) if complete else _crashed(result)


def _finding(diagnostic: _Diagnostic, root: str) -> Finding:
    line = diagnostic.location.row if diagnostic.location else 1
    file, code = diagnostic.filename.removeprefix(f"{root}/"), diagnostic.code or "syntax"
    repairable = diagnostic.fix is not None and diagnostic.fix.applicability == "safe"
    return Finding(file, line, code, diagnostic.message, repairable)


def _crashed(result: CommandResult) -> ToolReport:
    return ToolReport(result.command, (), result.seconds, result.output or f"ended by {result.ending}")
