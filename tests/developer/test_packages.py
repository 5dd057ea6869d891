"""A package that is asked for is recorded, and there at the next command; a refused one changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.developer.packages import Packages
from agent.journal.events import PackageAdded, PackageRefused
from agent.workspace.dependencies.environment import Builder
from agent.workspace.dependencies.policy import Policy
from agent.workspace.opening import create_workspace
from tests.workspace.dependencies.index import Package, package_index
from tools.errors import Refused

BASE = Package("stack-core", "2.0.0")
PROJECT = '[project]\nname = "x"\nversion = "1"\ndependencies = [\n    "stack-core==2.0.0",\n]\n'
Events = list[PackageAdded | PackageRefused]


@pytest.fixture
def events() -> Events:
    return []


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, events: Events) -> Iterator[Packages]:
    lock = tmp_path / "stack.lock"
    lock.write_text(f"stack-core==2.0.0 \\\n    --hash=sha256:{hashlib.sha256(BASE.content()).hexdigest()}\n")
    with package_index(BASE, Package("quillpad"), Package("needs-quillpad", needs=["quillpad"])) as address:
        monkeypatch.setenv("UV_DEFAULT_INDEX", address)
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
        builder = Builder(lock, tmp_path / "cache", Policy())
        workspace = create_workspace(
            folder=tmp_path / "out",
            repository=None,
            base=None,
            slug="x",
            toolchain=builder.stack().toolchain,
            sandbox="auto",
            state=tmp_path / "state",
        )
        workspace.write({"pyproject.toml": PROJECT, "requirements.lock": lock.read_text()})
        yield Packages(workspace, builder, events.append)


async def test_it_is_there_at_the_next_command_and_recorded(packages: Packages, events: Events) -> None:
    workspace = packages.workspace
    assert not (await workspace.run(["python", "-c", "import quillpad"])).ok
    said = await packages.add("needs-quillpad")
    assert said.startswith("added needs-quillpad==1.0.0 to pyproject.toml and the lock")
    assert (await workspace.run(["python", "-c", "import needs_quillpad, quillpad, stack_core"])).ok
    files = workspace.read()
    assert '    "stack-core==2.0.0",\n    "needs-quillpad==1.0.0",\n]' in files["pyproject.toml"]
    pinned = [line for line in files["requirements.lock"].splitlines() if not line.startswith(" ")]
    assert pinned == ["needs-quillpad==1.0.0 \\", "quillpad==1.0.0 \\", "stack-core==2.0.0 \\"]
    (added,) = events
    assert isinstance(added, PackageAdded)
    assert added.packages == ("needs-quillpad==1.0.0", "quillpad==1.0.0")
    again, refused = packages.builder.for_files(files)
    assert (again.toolchain, refused) == (workspace.toolchain, ())


@pytest.mark.parametrize(
    "asked", ["requets", "quillpad @ file:///etc", "-r /etc/passwd", "stack-core", "nowhere-to-be"]
)
async def test_a_refusal_changes_nothing_and_is_recorded(packages: Packages, events: Events, asked: str) -> None:
    before, toolchain = packages.workspace.read(), packages.workspace.toolchain
    with pytest.raises(Refused) as refused:
        await packages.add(asked)
    assert (packages.workspace.read(), packages.workspace.toolchain) == (before, toolchain)
    (event,) = events
    assert isinstance(event, PackageRefused)
    assert event.reason == str(refused.value)
