"""Toolchain environments: made once from a lock, whole or not at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent.errors import MissingDependency
from agent.workspace.toolchain import build_toolchain, toolchain_mounts
from tests.workspace.toolchains import one_package

_PROJECT = Path(__file__).parents[2]
_BUILD = """
import sys
from pathlib import Path
from agent.workspace.toolchain import build_toolchain
build_toolchain(Path(sys.argv[1]), Path(sys.argv[2]), progress=print)
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    lock = tmp_path / "small.lock"
    lock.write_text(one_package("iniconfig"))
    return lock


def _environments(cache: Path) -> list[Path]:
    return [path for path in (cache / "toolchains").iterdir() if path.is_dir()]


def test_it_is_made_once_and_found_again(lock: Path, tmp_path: Path) -> None:
    said: list[str] = []
    toolchain = build_toolchain(lock, tmp_path / "cache", progress=said.append)
    assert said
    done = subprocess.run([toolchain / "bin" / "python", "-c", "import iniconfig"], check=False)
    assert done.returncode == 0

    said.clear()
    assert build_toolchain(lock, tmp_path / "cache", progress=said.append) == toolchain
    assert not said


def test_it_is_compiled(lock: Path, tmp_path: Path) -> None:
    toolchain = build_toolchain(lock, tmp_path / "cache")
    assert list(toolchain.glob("lib/*/site-packages/iniconfig/__pycache__/*.pyc"))


def test_its_files_are_its_own(lock: Path, tmp_path: Path) -> None:
    """Shared with nothing else by hard links, so that nothing else changes with it."""
    toolchain = build_toolchain(lock, tmp_path / "cache")
    assert all(file.stat().st_nlink == 1 for file in toolchain.glob("lib/*/site-packages/iniconfig/*.py"))


def test_another_lock_is_another_environment(lock: Path, tmp_path: Path) -> None:
    first = build_toolchain(lock, tmp_path / "cache")
    lock.write_text(lock.read_text() + one_package("pluggy"))
    assert build_toolchain(lock, tmp_path / "cache") != first


def test_an_interrupted_one_is_made_anew(lock: Path, tmp_path: Path) -> None:
    toolchain = build_toolchain(lock, tmp_path / "cache")
    (toolchain / ".complete").unlink()
    (toolchain / "bin" / "python").unlink()
    assert build_toolchain(lock, tmp_path / "cache") == toolchain
    assert (toolchain / "bin" / "python").exists()


def test_two_processes_make_it_once(lock: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _BUILD, str(lock), str(tmp_path / "cache")]
    running = [subprocess.Popen(command, cwd=_PROJECT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert sorted(bool(text) for text in said) == [False, True]
    assert len(_environments(tmp_path / "cache")) == 1


def test_a_wrong_hash_makes_nothing(lock: Path, tmp_path: Path) -> None:
    lock.write_text("iniconfig==2.0.0 --hash=sha256:" + "0" * 64 + "\n")
    with pytest.raises(MissingDependency, match=r"(?i)hash"):
        build_toolchain(lock, tmp_path / "cache")
    assert not _environments(tmp_path / "cache")


def test_without_hashes_makes_nothing(lock: Path, tmp_path: Path) -> None:
    lock.write_text("iniconfig\n")
    with pytest.raises(MissingDependency, match=r"(?i)hash"):
        build_toolchain(lock, tmp_path / "cache")
    assert not _environments(tmp_path / "cache")


def test_offline_says_what_to_do(lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))
    with pytest.raises(MissingDependency, match="check the network"):
        build_toolchain(lock, tmp_path / "cache")
    assert not _environments(tmp_path / "cache")


def test_the_base_interpreter_is_mounted_too(lock: Path, tmp_path: Path) -> None:
    toolchain = build_toolchain(lock, tmp_path / "cache")
    mounted = toolchain_mounts(toolchain).read_only
    real = (toolchain / "bin" / "python").resolve()
    assert toolchain in mounted
    assert any(real.is_relative_to(folder) for folder in (*mounted, Path("/usr")))
