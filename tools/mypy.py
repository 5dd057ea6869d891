"""Mypy as a function, with a cache that a new workspace starts with. Its configuration is the caller's."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import shutil
import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ValidationError

from tools.mypy_seen import digests, forget_unseen, remember_seen
from tools.reports import Finding, ToolReport
from tools.running import Runner
from tools.sandbox.base import CommandResult, Limits, Mounts

_LIMITS = Limits(seconds=180, memory_bytes=2 << 30)
_LARGEST = 96 << 20
"""Bytes of a cache that is left for the next check; what checking the seed leaves takes about 26 MB."""
_UNFINISHED = "unfinished-"


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
    root: Path,
    paths: Sequence[str] = (".",),
    outside: tuple[Path, ...] = (),
    beside: str = "",
    limits: Limits = _LIMITS,
) -> ToolReport:
    """What the type checker finds. `cache` is a folder of the caller's outside the worktree, kept between calls.

    `root` is the worktree on the host; `outside` are files outside it that `paths` name; `beside` is the folder of it,
    if any, from which modules are imported beside the root.
    """
    cache.mkdir(parents=True, exist_ok=True)
    now = await asyncio.to_thread(digests, root)
    await asyncio.to_thread(forget_unseen, cache, now)
    result = await _mypy(run, config, cache, paths, extra=outside, beside=beside, limits=limits)
    remember_seen(cache, now)
    findings = tuple(_findings(result.stdout))
    complete = result.ending == "exited" and (result.exit_code == 0 or (result.exit_code in (1, 2) and findings))
    crashed = "" if complete else result.output or f"ended by {result.ending}"
    return ToolReport(result.command, findings, result.seconds, crashed)


async def seeded_cache(
    run: Runner, *, toolchain: Path, config: Path, seed: Path, cache: Path, before: Path | None = None
) -> Path:
    """`cache`, filled on its first use with what the last check left `before`, see `keep_cache`.

    Where nothing lies there it is filled with what checking the file `seed` leaves: the types of what it imports. That
    is made once for a toolchain and kept in it; checking a new workspace is then ten times as fast.
    """
    if cache.exists():
        return cache
    cache.parent.mkdir(parents=True, exist_ok=True)
    for left in _left(before) if before else ():
        if await asyncio.to_thread(_copy_whole, left, cache):
            return cache
    kept = toolchain / f"mypy-seed-{_key(config, seed)}"
    if not kept.exists():
        await _make_seed(run, config, seed, cache.parent, kept)
    if kept.exists():
        await asyncio.to_thread(_copy_whole, kept, cache)
    return cache


def keep_cache(cache: Path, before: Path) -> None:
    """Leave a cache in the folder `before`, which belongs to this user alone, in place of the one that was left there.

    The next check, of whatever workspace, starts from it: mypy looks again at every file whose content is another one,
    or that uses something whose types are other ones now. What has grown too large is dropped instead. Best effort.
    """
    with contextlib.suppress(OSError):
        before.mkdir(mode=0o700, parents=True, exist_ok=True)
        older = _left(before)
        size = sum(file.stat().st_size for file in cache.rglob("*"))
        if size <= _LARGEST and not _copy_whole(cache, before / uuid.uuid4().hex):
            return
        for one in older:
            # Under another name, so that who copies it just now fails, and does not go on with a part of it.
            shutil.rmtree(one.rename(before / f"{_UNFINISHED}{one.name}"), ignore_errors=True)


def _left(before: Path) -> list[Path]:
    """The caches that lie there, the newest first."""
    try:
        found = [one for one in before.iterdir() if not one.name.startswith(_UNFINISHED)]
        return sorted(found, key=lambda one: one.stat().st_mtime, reverse=True)
    except OSError:
        return []


async def _make_seed(run: Runner, config: Path, seed: Path, scratch: Path, kept: Path) -> None:
    """Best effort: without a seed the first check is slow, nothing else."""
    with tempfile.TemporaryDirectory(dir=scratch) as made:
        result = await _mypy(run, config, Path(made), [str(seed)], extra=(seed,))
        if result.ending == "exited" and result.exit_code in (0, 1):
            await asyncio.to_thread(_copy_whole, Path(made), kept)


def _copy_whole(source: Path, target: Path) -> bool:
    """Copy a folder so that the target is there as a whole or not at all; one that another made meanwhile stays.

    False: it could not be read, or not be put there.
    """
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=_UNFINISHED) as folder:
        try:
            shutil.copytree(source, Path(folder, target.name)).rename(target)
        except OSError:
            return target.exists()
    return True


async def _mypy(
    run: Runner,
    config: Path,
    cache: Path,
    paths: Sequence[str],
    *,
    extra: tuple[Path, ...] = (),
    beside: str = "",
    limits: Limits = _LIMITS,
) -> CommandResult:
    # The cache lies at the host's path inside, which holds for every kind of sandbox.
    fixed = ("--config-file", str(config), "--cache-dir", str(cache), "--output", "json", "--no-error-summary")
    return await run(
        ("python", "-I", "-B", "-m", "mypy", *fixed, "--", *paths),
        mounts=Mounts(read_only=(config, *extra), writable={cache: str(cache)}),
        environment={"NO_COLOR": "1", **({"MYPYPATH": beside} if beside else {})},
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
