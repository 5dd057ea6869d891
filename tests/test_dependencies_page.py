"""Every dependency has a reason, and the page about them is true."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import metadata, packages_distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
SERVICES = ROOT / "evals" / "defects" / "services"
PAGE = (ROOT / "docs" / "design" / "dependencies.md").read_text(encoding="utf-8")
ROWS = {
    cells[0]: cells[1:] for line in PAGE.splitlines() if len(cells := [c.strip() for c in line.split("|")[1:-1]]) == 4
}


def named(group: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = project["project"]["dependencies"] if group == "run time" else project["dependency-groups"]["dev"]
    return {re.split(r"[^A-Za-z0-9._-]", requirement)[0] for requirement in wanted}


def licence(package: str) -> str:
    """As the package states it: the expression, else the free text's first line, else the classifier."""
    about = metadata(package)
    classifiers = [text for text in about.get_all("Classifier", []) if text.startswith("License ::")]
    stated = about.get("License-Expression") or about.get("License")
    stated = stated if stated not in (None, "", "UNKNOWN") else classifiers[0].rpartition(" :: ")[2]
    return str(stated).splitlines()[0]


@pytest.mark.parametrize("package", sorted(named("run time") | named("development")))
def test_a_dependency_is_on_the_page_with_reason_alternative_and_licence(package: str) -> None:
    reason, replaced, stated = ROWS[package]
    assert len(reason) > 20
    assert replaced
    assert stated == licence(package)


def test_the_page_names_no_dependency_that_is_gone() -> None:
    rows = set(ROWS) - {"package", "---"}
    assert rows == named("run time") | named("development")


@pytest.mark.parametrize("package", sorted(named("run time")))
def test_a_dependency_of_the_run_time_stands_in_its_section(package: str) -> None:
    assert f"| {package} |" in PAGE.partition("## For development")[0]


def test_everything_that_is_imported_is_declared() -> None:
    """A package that only came along with another one would be gone when that one changes its mind."""
    own = {"agent", "prompts", "tools", "evals"}
    bound_to_theirs = {"pydantic_core"}
    declared = {
        module
        for module, packages in packages_distributions().items()
        if {canonicalize_name(package) for package in packages}
        & {canonicalize_name(name) for name in named("run time")}
    }
    imported: dict[str, Path] = {}
    for path in (file for package in own for file in (ROOT / package).rglob("*.py")):
        if {"templates", "toolchain", "pytest_plugin", "bench"} & set(path.parts) or SERVICES in path.parents:
            continue  # run in the services' toolchain, which has a lock of its own
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Import(names):
                    imported |= {name.name.split(".")[0]: path for name in names}
                case ast.ImportFrom(module=str(module), level=0):
                    imported[module.split(".")[0]] = path
    known = own | sys.stdlib_module_names | declared | bound_to_theirs
    foreign = {name: path for name, path in imported.items() if name not in known}
    assert not foreign
