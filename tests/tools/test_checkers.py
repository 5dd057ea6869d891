"""Ruff and mypy as functions: the runtime's configuration counts, whatever the workspace holds."""

from __future__ import annotations

import functools
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from agent.workspace.worktree import GitWorkspace
from tests.workspace.toolchains import CONFIG
from tools import mypy, ruff
from tools.rendering import render

RUFF, MYPY, SEED = CONFIG / "ruff.toml", CONFIG / "mypy.ini", CONFIG / "seed.py"
_EVERYTHING_OFF = {
    "pyproject.toml": "[tool.ruff]\nexclude = ['*']\nline-length = 300\n[tool.ruff.lint]\nselect = []\n"
    "[tool.mypy]\nignore_errors = true\nexclude = '.*'\n",
    "ruff.toml": "exclude = ['*']\n[lint]\nselect = []\n",
    ".ruff.toml": "exclude = ['*']\n",
    "src/ruff.toml": "exclude = ['*']\n[lint]\nselect = []\n",
    "mypy.ini": "[mypy]\nignore_errors = True\nplugins = evil\n",
    ".mypy.ini": "[mypy]\nignore_errors = True\n",
    "setup.cfg": "[mypy]\nignore_errors = True\n",
    ".gitignore": "src/\n",
    "ruff.py": "raise SystemExit(0)\n",
    "ruff/__init__.py": "raise SystemExit(0)\n",
    "mypy.py": "raise SystemExit(0)\n",
    "mypy/__main__.py": "raise SystemExit(0)\n",
    "evil.py": "raise SystemExit(0)\n",
    "pydantic/__init__.py": "raise SystemExit(0)\n",
    "sitecustomize.py": "raise SystemExit(0)\n",
}


def _root(workspace: GitWorkspace) -> str:
    return workspace.sandbox.inside(workspace.root)


async def test_ruff_finds_what_is_wrong_and_where(workspace: GitWorkspace) -> None:
    workspace.write({"src/app.py": "import os\n\n\ndef f(a: int) -> int:\n    return 1\n"})
    report = await ruff.lint(workspace.run, config=RUFF, root=_root(workspace))
    assert {(one.file, one.line, one.code) for one in report.findings} == {
        ("src/app.py", 1, "F401"),
        ("src/app.py", 4, "ARG001"),
    }
    assert not report.clean
    assert render(report).startswith("2 findings:\nsrc/app.py:1: F401")


async def test_ruff_finds_broken_syntax(workspace: GitWorkspace) -> None:
    workspace.write({"src/app.py": "def f(:\n"})
    report = await ruff.lint(workspace.run, config=RUFF, root=_root(workspace))
    assert "invalid-syntax" in {one.code for one in report.findings}
    assert (await ruff.check_format(workspace.run, config=RUFF, root=_root(workspace))).findings


async def test_formatting(workspace: GitWorkspace) -> None:
    workspace.write({"src/app.py": "import sys, os\nx=  { 'a':1 }\nprint(os.name,sys.path)\n"})
    before = await ruff.check_format(workspace.run, config=RUFF, root=_root(workspace))
    assert [one.file for one in before.findings] == ["src/app.py"]
    assert (await ruff.format_files(workspace.run, config=RUFF)).clean
    assert (await ruff.check_format(workspace.run, config=RUFF, root=_root(workspace))).clean
    assert (await ruff.lint(workspace.run, config=RUFF, root=_root(workspace))).clean
    assert workspace.read()["src/app.py"].startswith("import os\nimport sys\n")


async def test_formatting_a_broken_file_is_said(workspace: GitWorkspace) -> None:
    workspace.write({"src/app.py": "def f(:\n"})
    assert "app.py" in (await ruff.format_files(workspace.run, config=RUFF)).crashed


async def test_mypy_finds_what_is_wrong_and_where(workspace: GitWorkspace, tmp_path: Path) -> None:
    workspace.write({"src/app.py": "def f(a: int) -> str:\n    return a\n"})
    report = await mypy.check_types(
        workspace.run, config=MYPY, cache=tmp_path / "cache", root=workspace.root, paths=["src"]
    )
    assert [(one.file, one.line, one.code) for one in report.findings] == [("src/app.py", 2, "return-value")]
    workspace.write({"src/app.py": "def f(a: int) -> str:\n    return str(a)\n"})
    assert (
        await mypy.check_types(workspace.run, config=MYPY, cache=tmp_path / "cache", root=workspace.root, paths=["src"])
    ).clean


async def test_mypy_finds_modules_in_the_folder_from_which_they_are_imported(
    workspace: GitWorkspace, tmp_path: Path
) -> None:
    workspace.write({"src/shop/__init__.py": "", "src/shop/a.py": "x = 1\n", "src/shop/b.py": "from shop.a import x\n"})
    check = functools.partial(mypy.check_types, workspace.run, config=MYPY, root=workspace.root)
    assert [one.line for one in (await check(cache=tmp_path / "without")).findings] == [1]
    assert (await check(cache=tmp_path / "with", beside="src")).clean


async def test_mypy_finds_broken_syntax(workspace: GitWorkspace, tmp_path: Path) -> None:
    workspace.write({"src/app.py": "def f(:\n"})
    report = await mypy.check_types(
        workspace.run, config=MYPY, cache=tmp_path / "cache", root=workspace.root, paths=["src"]
    )
    assert [one.code for one in report.findings][:1] == ["syntax"]


async def test_mypy_that_does_not_run_is_no_clean_report(workspace: GitWorkspace, tmp_path: Path) -> None:
    report = await mypy.check_types(
        workspace.run, config=MYPY, cache=tmp_path / "cache", root=workspace.root, paths=["nowhere"]
    )
    assert report.crashed
    assert render(report).startswith("did not run:")


async def test_mypy_knows_pydantic(workspace: GitWorkspace, tmp_path: Path) -> None:
    """Which needs the plugin: without it, an argument that is missing is not seen as such."""
    workspace.write(
        {"src/app.py": "from pydantic import BaseModel\n\n\nclass A(BaseModel):\n    x: int\n\n\nA()\nA(y=1)\n"}
    )
    cache = await mypy.seeded_cache(
        workspace.run, toolchain=workspace.toolchain, config=MYPY, seed=SEED, cache=tmp_path / "cache"
    )
    report = await mypy.check_types(workspace.run, config=MYPY, cache=cache, root=workspace.root, paths=["src"])
    assert [one.line for one in report.findings][:2] == [8, 9]


async def test_a_seeded_cache_makes_the_first_check_quick(workspace: GitWorkspace, tmp_path: Path) -> None:
    workspace.write({"src/app.py": "import fastapi\nimport sqlalchemy\n\nprint(fastapi, sqlalchemy)\n"})
    cache = await mypy.seeded_cache(
        workspace.run, toolchain=workspace.toolchain, config=MYPY, seed=SEED, cache=tmp_path / "cache"
    )
    before = known(cache)
    assert {"fastapi", "sqlalchemy"} <= {path.partition("/")[0] for path in before}
    assert (await mypy.check_types(workspace.run, config=MYPY, cache=cache, root=workspace.root, paths=["src"])).clean
    after = known(cache)
    assert before.items() <= after.items(), "nothing that was known is worked out again"
    assert "src/app.data.ff" in after.keys() - before.keys()


def known(cache: Path) -> dict[str, float]:
    """What mypy knows of each module, and when it learnt it."""
    found: dict[str, float] = {}
    for file in cache.rglob("cache.*.db"):
        with closing(sqlite3.connect(file)) as database:
            found |= dict(database.execute("SELECT path, mtime FROM files2 WHERE path LIKE '%.data.%'"))
    return found


async def test_a_check_starts_from_what_the_last_one_left_and_sees_what_changed(
    workspace: GitWorkspace, tmp_path: Path
) -> None:
    """The file with the mistake stays. What it uses has another type now, at the same length and the same time."""
    before = tmp_path / "before"
    told = []
    for number, made in enumerate(("int", "str", "int")):
        workspace.write(
            {
                "src/used.py": f"def made() -> {made}:\n    return {made}()\n",
                "src/app.py": "from src.used import made\n\nNUMBER: int = made()\n",
            }
        )
        os.utime(workspace.root / "src" / "used.py", (1_000_000_000, 1_000_000_000))
        cache = await mypy.seeded_cache(
            workspace.run,
            toolchain=workspace.toolchain,
            config=MYPY,
            seed=SEED,
            cache=tmp_path / str(number),
            before=before,
        )
        report = await mypy.check_types(workspace.run, config=MYPY, cache=cache, root=workspace.root, paths=["src"])
        mypy.keep_cache(cache, before)
        told.append([(one.file, one.line, one.code) for one in report.findings])
        assert len(list(before.iterdir())) == 1
    assert told == [[], [("src/app.py", 3, "assignment")], []]
    assert before.stat().st_mode & 0o077 == 0


def test_what_is_left_is_whole_or_not_there(tmp_path: Path) -> None:
    mypy.keep_cache(tmp_path / "nowhere", tmp_path / "before")
    assert list((tmp_path / "before").iterdir()) == []


async def test_the_workspaces_configuration_does_not_count(workspace: GitWorkspace, tmp_path: Path) -> None:
    """Each of these files alone would switch the checks off if it counted."""
    workspace.write({"src/app.py": "import os\n\n\ndef f(a: int) -> str:\n    return a\n", **_EVERYTHING_OFF})
    lint = await ruff.lint(workspace.run, config=RUFF, root=_root(workspace), paths=["src"])
    assert "F401" in {one.code for one in lint.findings}
    types = await mypy.check_types(
        workspace.run, config=MYPY, cache=tmp_path / "cache", root=workspace.root, paths=["src"]
    )
    assert [one.code for one in types.findings] == ["return-value"], types
