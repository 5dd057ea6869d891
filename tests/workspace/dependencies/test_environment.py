"""What may be added is decided by the policy alone; what is added is pinned, and runs nothing before it is imported."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from agent.workspace.dependencies.environment import Builder, Environment
from agent.workspace.dependencies.locks import write_lock
from agent.workspace.dependencies.policy import Policy
from agent.workspace.dependencies.recording import recorded
from agent.workspace.dependencies.uv import Unreachable
from agent.workspace.toolchain import run_uv
from tests.workspace.dependencies.index import Package, package_index
from tools.errors import Refused

BASE = Package("stack-core", "2.0.0", days=1, files={"bin/keep": ""})
_START = 'import os; open(os.environ["MARK"], "w")'

PACKAGES = (
    BASE,
    Package("quillpad"),
    Package("quillpad", "2.0.0", days=3),
    Package("needs-quillpad", needs=["quillpad>=1", "stack-core"]),
    Package("needs-another-core", needs=["stack-core<2"]),
    Package("needs-the-lost", needs=["the-lost"]),
    Package("too-fresh", days=2),
    Package("strictly-free", licence="License-Expression: AGPL-3.0-only"),
    Package("needs-strictly-free", needs=["strictly-free"]),
    Package("either-way", licence="License-Expression: GPL-3.0-or-later OR MIT"),
    Package("classified", licence="Classifier: License :: OSI Approved :: BSD License"),
    Package(
        "both-classified",
        licence="Classifier: License :: OSI Approved :: MIT License\n"
        "Classifier: License :: OSI Approved :: GNU Affero General Public License v3",
    ),
    Package("says-nothing", licence="Author: somebody"),
    Package("own-words", licence="License: do what you like"),
    Package("source-alone", source=True, files={"setup.py": "import os; open(os.environ['MARK'], 'w')\n"}),
    Package("runs-at-start", files={"runs.pth": _START}),
    Package("path-alone", files={"paths.pth": "somewhere\n"}),
    Package("customises", files={"sitecustomize.py": _START}),
    Package("replaces-core", files={"stack_core.py": "VERSION = 'mine'\n"}),
    Package("replaces-python", files={"replaces_python-1.0.0.data/scripts/python": f"#!/bin/sh\n{_START}\n"}),
    Package("replaces-settings", files={"replaces_settings-1.0.0.data/data/pyvenv.cfg": "home = /\n"}),
    Package("requets"),
    Package("djang0"),
)


@pytest.fixture(scope="module")
def index() -> Iterator[str]:
    with package_index(*PACKAGES) as address:
        yield address


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """With a cache of its own; environments are kept in it between the tests."""
    folder = tmp_path_factory.mktemp("builder")
    digest = hashlib.sha256(BASE.content()).hexdigest()
    (folder / "stack.lock").write_text(f"stack-core==2.0.0 \\\n    --hash=sha256:{digest}\n")
    return Builder(folder / "stack.lock", folder / "cache", Policy())


@pytest.fixture
def builder(made_once: Builder, index: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Builder:
    monkeypatch.setenv("UV_DEFAULT_INDEX", index)
    monkeypatch.setenv("UV_CACHE_DIR", str(made_once.cache / "uv"))
    monkeypatch.setenv("MARK", str(tmp_path / "mark"))
    return made_once


def project(*wanted: str) -> str:
    """A `pyproject.toml` that wants these beside the stack's package."""
    names = "".join(f'    "{name}",\n' for name in ("stack-core==2.0.0", *wanted))
    return f'[project]\nname = "x"\nversion = "1"\ndependencies = [\n{names}]\n'


def imported(environment: Environment, module: str) -> str:
    command = [str(environment.toolchain / "bin" / "python"), "-c", f"import {module}; print({module}.VERSION)"]
    return str(subprocess.run(command, capture_output=True, text=True, check=True).stdout).strip()


def test_a_package_comes_pinned_with_all_that_it_needs(builder: Builder) -> None:
    made = builder.beside([Requirement("needs-quillpad")])
    assert [str(one) for one in made.added] == ["needs-quillpad==1.0.0", "quillpad==1.0.0"]
    assert all(one.hashed for one in made.added)
    assert imported(made, "quillpad") == "1.0.0", "the newer release is three days old"
    assert imported(made, "stack_core") == "2.0.0"
    assert list(made.toolchain.glob("lib/*/site-packages/__pycache__/quillpad*.pyc"))


REFUSED = {
    "no-such-thing-anywhere": "no-such-thing-anywhere: there is no such package",
    "needs-the-lost": "the-lost: there is no such package",
    "too-fresh": "published less than 14 days ago; ask for an older one",
    "quillpad>=2": "published less than 14 days ago",
    "requets": "looks like the well-known requests; ask for that one if you mean it",
    "djang0": "looks like the well-known django",
    "stack-core": "is there already, in version 2.0.0",
    "needs-another-core": "does not fit with what the service runs on",
    "strictly-free": "its licence AGPL-3.0-only is not permitted; permitted are 0BSD, Apache-2.0",
    "needs-strictly-free": "strictly-free 1.0.0: its licence AGPL-3.0-only is not permitted",
    "both-classified": "its licence MIT AND AGPL-3.0-only is not permitted",
    "says-nothing": "its licence cannot be told (states none)",
    "own-words": "its licence cannot be told (states the licence 'do what you like'",
    "source-alone": "sources are not built, because that runs their code",
    "runs-at-start": "runs.pth: would run code at every start of Python",
    "customises": "sitecustomize.py: would run code at every start of Python",
    "replaces-core": "stack_core.py: would take the place of a file of the toolchain",
    "replaces-python": "must not use the reserved name",
    "replaces-settings": "pyvenv.cfg: would run code at every start of Python",
    "quillpad @ https://example.com/quillpad.whl": "is an address",
}


@pytest.mark.parametrize("asked", REFUSED)
def test_what_the_policy_does_not_let_in_is_refused_in_a_sentence(builder: Builder, asked: str, tmp_path: Path) -> None:
    builder.stack()
    before = sorted((builder.cache / "toolchains").iterdir())
    with pytest.raises(Refused) as refused:
        builder.beside([Requirement(asked)])
    assert REFUSED[asked] in str(refused.value)
    assert "\n" not in str(refused.value)
    assert sorted((builder.cache / "toolchains").iterdir()) == before
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("asked", ["either-way", "classified", "path-alone"])
def test_what_the_policy_lets_in_is_there(builder: Builder, asked: str) -> None:
    assert imported(builder.beside([Requirement(asked)]), asked.replace("-", "_")) == "1.0.0"


@pytest.mark.parametrize("asked", ["requets", "too-fresh", "strictly-free", "says-nothing"])
def test_what_is_allowed_by_name_is_not_judged(builder: Builder, asked: str) -> None:
    lenient = Builder(builder.lock, builder.cache, builder.policy.with_allowed([asked.replace("-", "_")]))
    assert lenient.beside([Requirement(asked)]).added


@pytest.mark.parametrize("asked", ["source-alone", "runs-at-start", "replaces-core"])
def test_not_even_what_is_allowed_runs_code_or_replaces_files(builder: Builder, asked: str, tmp_path: Path) -> None:
    lenient = Builder(builder.lock, builder.cache, builder.policy.with_allowed([asked]))
    with pytest.raises(Refused):
        lenient.beside([Requirement(asked)])
    assert not (tmp_path / "mark").exists()


@pytest.mark.usefixtures("builder")
def test_the_files_that_are_refused_do_run_where_they_are_installed(tmp_path: Path, index: str) -> None:
    """So that the tests above could fail: an ordinary installation runs them at once."""
    made = tmp_path / "ordinary"
    assert run_uv("venv", "--quiet", str(made))[0] == 0
    python = str(made / "bin" / "python")
    environment = {**os.environ, "UV_DEFAULT_INDEX": index}
    for command in (
        ["uv", "pip", "install", "-q", "--python", python, "runs-at-start"],
        [python, "-c", "pass"],
    ):
        subprocess.run(command, env=environment, check=True, capture_output=True)
    assert (tmp_path / "mark").exists()


class TestWhoDecidesAboutTheIndex:
    """The runtime's environment does; files of a workspace do not."""

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("uv.toml", 'index-url = "{evil}"\n'),
            ("pyproject.toml", '[tool.uv]\nindex-url = "{evil}"\n'),
            ("pip.conf", "[global]\nindex-url = {evil}\n"),
            (".env", "UV_DEFAULT_INDEX={evil}\n"),
        ],
    )
    def test_settings_of_the_workspace_are_not_read(
        self, builder: Builder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
    ) -> None:
        workspace = tmp_path / "workspace"
        workspace.mkdir()
        with package_index(Package("quillpad", "1.5.0")) as evil:
            (workspace / name).write_text(text.format(evil=evil))
            monkeypatch.chdir(workspace)
            assert str(builder.beside([Requirement("quillpad")]).added[0]) == "quillpad==1.0.0"

    def test_addresses_in_the_projects_lock_are_not_asked(self, builder: Builder) -> None:
        with package_index(Package("quillpad", "1.5.0")) as evil:
            lock = f"--index-url {evil}\n--find-links {evil}\nquillpad==1.0.0\n"
            made, refused = builder.for_files({"requirements.txt": lock})
        assert ([str(one) for one in made.added], refused) == (["quillpad==1.0.0"], ())

    def test_without_an_index_it_says_so(self, builder: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
        builder.stack()
        monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
        monkeypatch.setenv("UV_HTTP_RETRIES", "0")
        with pytest.raises(Unreachable, match="the package index cannot be reached, so nothing can be added now"):
            builder.beside([Requirement("quillpad")])


class TestProjects:
    """A project that brings its own list is treated as if its packages had been asked for."""

    def test_nothing_more_is_the_stacks_own_environment(self, builder: Builder) -> None:
        assert builder.for_files({"pyproject.toml": project()}) == (builder.stack(), ())

    def test_what_was_recorded_gives_the_same_environment_without_an_index(
        self, builder: Builder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = builder.beside([Requirement("needs-quillpad")])
        lock = "stack-core==2.0.0 \\\n    --hash=sha256:00\n"
        files = recorded({"pyproject.toml": project(), "requirements.lock": lock}, "needs-quillpad==1.0.0", made.added)
        assert files["requirements.lock"].splitlines()[0].startswith("needs-quillpad==1.0.0")
        monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
        assert builder.for_files(files) == (made, ())

    def test_a_stricter_policy_judges_anew(self, builder: Builder) -> None:
        made = builder.beside([Requirement("needs-quillpad")])
        files = recorded({"pyproject.toml": project()}, "needs-quillpad==1.0.0", made.added)
        strict = Builder(builder.lock, builder.cache, Policy(licences=("ISC",)))
        environment, (refused,) = strict.for_files(files)
        assert environment == strict.stack()
        assert "its licence MIT is not permitted; permitted are ISC" in refused

    def test_what_is_refused_is_left_out_and_the_rest_is_there(self, builder: Builder) -> None:
        files = {"pyproject.toml": project("strictly-free", "quillpad", "requets")}
        made, refused = builder.for_files(files)
        assert [str(one) for one in made.added] == ["quillpad==1.0.0"]
        assert sorted(one.partition(":")[0] for one in refused) == ["requets", "strictly-free"]

    def test_a_lock_with_other_files_than_the_index_is_refused(self, builder: Builder) -> None:
        lock = f"quillpad==1.0.0 \\\n    --hash=sha256:{'0' * 64}\n"
        _, (refused,) = builder.for_files({"pyproject.toml": project("quillpad"), "requirements.lock": lock})
        assert "the hashes of the project's lock are not those of the index" in refused

    def test_a_lock_is_read_as_it_is_written(self, builder: Builder) -> None:
        added = builder.beside([Requirement("needs-quillpad")]).added
        files = {
            "pyproject.toml": project("needs-quillpad"),
            "requirements.lock": write_lock(added),
        }
        assert builder.asked(files)[1] == list(added)
