"""Mypy as a function, with a cache that a new workspace starts with. Its configuration is the caller's."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ValidationError

from tools.reports import Finding, ToolReport
from tools.running import Runner
from tools.sandbox.base import CommandResult, Limits, Mounts

_LIMITS = Limits(seconds=180, memory_bytes=2 << 30)


class _Diagnostic(BaseModel):
    file: str
    line: int
    message: str
    code: str | None
    severity: str


async def check_types(
    run: Runner,
    *,
    config: Path,
    cache: Path,
    paths: Sequence[str] = (".",),
    outside: tuple[Path, ...] = (),
    limits: Limits = _LIMITS,
) -> ToolReport:
    """What the type checker finds. `cache` is a folder of the caller's outside the worktree, kept between calls.

    `outside` are files outside the worktree that `paths` name.
    """
    cache.mkdir(parents=True, exist_ok=True)
    result = await _mypy(run, config, cache, paths, extra=outside, limits=limits)
    findings = tuple(_findings(result.stdout))
    complete = result.ending == "exited" and (result.exit_code == 0 or (result.exit_code in (1, 2) and findings))
    crashed = "" if complete else result.output or f"ended by {result.ending}"
    return ToolReport(result.command, findings, result.seconds, crashed)


async def seeded_cache(run: Runner, *, toolchain: Path, config: Path, seed: Path, cache: Path) -> Path:
    """`cache`, filled on its first use with what checking the file `seed` leaves: the types of what it imports.

    The filling is made once for a toolchain and kept in it; checking a new workspace is then ten times as fast.
    """
    if cache.exists():
        return cache
    cache.parent.mkdir(parents=True, exist_ok=True)
    kept = toolchain / f"mypy-seed-{_key(config, seed)}"
    if not kept.exists():
        await _make_seed(run, config, seed, cache.parent, kept)
    if kept.exists():
        _copy_whole(kept, cache)
    return cache


async def _make_seed(run: Runner, config: Path, seed: Path, scratch: Path, kept: Path) -> None:
    """Best effort: without a seed the first check is slow, nothing else."""
    with tempfile.TemporaryDirectory(dir=scratch) as made:
        result = await _mypy(run, config, Path(made), [str(seed)], extra=(seed,))
        if result.ending == "exited" and result.exit_code in (0, 1):
            _copy_whole(Path(made), kept)


def _copy_whole(source: Path, target: Path) -> None:
    """Copy a folder so that the target is there as a whole or not at all; one that another made meanwhile stays."""
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        ready = shutil.copytree(source, Path(folder, target.name))
        with contextlib.suppress(OSError):
            ready.rename(target)


async def _mypy(
    run: Runner,
    config: Path,
    cache: Path,
    paths: Sequence[str],
    *,
    extra: tuple[Path, ...] = (),
    limits: Limits = _LIMITS,
) -> CommandResult:
    # The cache lies at the host's path inside, which holds for every kind of sandbox.
    fixed = ("--config-file", str(config), "--cache-dir", str(cache), "--output", "json", "--no-error-summary")
    return await run(
        ("python", "-I", "-B", "-m", "mypy", *fixed, "--", *paths),
        mounts=Mounts(read_only=(config, *extra), writable={cache: str(cache)}),
        environment={"NO_COLOR": "1"},
        limits=limits,
        writable=False,
    )


def _findings(printed: str) -> list[Finding]:
    findings: list[Finding] = []
    for line in printed.splitlines():
        try:
            one = _Diagnostic.model_validate_json(line)
        except ValidationError:
            continue  # not a finding: a warning about the configuration, or a traceback
        if one.severity == "error":
            findings.append(Finding(one.file, max(1, one.line), one.code or "misc", one.message))
    return findings


def _key(*files: Path) -> str:
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:12]
