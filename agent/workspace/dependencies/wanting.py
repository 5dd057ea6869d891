"""What a project says that it runs on, and that its tests need, as pip, the standards and Poetry have it. Pure."""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

_TESTING = ("dev", "develop", "development", "test", "tests", "testing")
_FILES = ("requirements-dev.txt", "requirements-test.txt", "requirements_dev.txt", "requirements_test.txt")
_TOOLS = frozenset(
    (
        *("bandit", "black", "build", "commitizen", "coverage", "flake8", "hatch", "ipdb", "ipython", "isort"),
        *("jupyter", "mkdocs", "mkdocs-material", "mypy", "nox", "pdbpp", "pip", "poethepoet", "poetry"),
        *("pre-commit", "pylint", "pyright", "ruff", "safety", "setuptools", "sphinx", "tox", "twine", "uv", "wheel"),
    )
)
"""What developers use beside the tests, and no test imports."""
_INCLUDED = re.compile(r"^(?:-r|--requirement)[ =]*(\S+)")
_DEEPEST = 4


def wanted(files: Mapping[str, str]) -> tuple[Requirement, ...]:
    """What a project says that it runs on: `pyproject.toml`, of the standard or of Poetry, else `requirements.txt`.

    What cannot be read as a requirement, or names a place to fetch from, is left out.
    """
    project = _project(files)
    lines = of_project(project) or list(_of_poetry(_table(project, "tool", "poetry", "dependencies")))
    return tuple(_requirements(lines or _of_file(files, "requirements.txt")))


def wanted_by_tests(files: Mapping[str, str]) -> tuple[Requirement, ...]:
    """What a project says that its tests need beside: groups and extras of these names, and files of pip.

    Programs that developers use beside are left out.
    """
    project = _project(files)
    lines: list[str] = []
    for name in _TESTING:
        groups = (_table(project, "dependency-groups"), _table(project, "project", "optional-dependencies"))
        lines += [line for group in groups for line in _texts(group.get(name))]
        lines += _of_poetry(_table(project, "tool", "poetry", "group", name, "dependencies"))
    lines += _of_poetry(_table(project, "tool", "poetry", "dev-dependencies"))
    for name in _FILES:
        lines += _of_file(files, name)
    found = {canonicalize_name(one.name): one for one in _requirements(lines)}
    return tuple(one for name, one in found.items() if name not in _TOOLS and not _is_stubs(name))


def python_wanted(files: Mapping[str, str]) -> str | None:
    """The versions of Python that a project allows, as a specifier; None where it says nothing."""
    project = _project(files)
    said = _table(project, "project").get("requires-python")
    of_poetry = _table(project, "tool", "poetry", "dependencies").get("python")
    if isinstance(said, str):
        return said
    return _versions(of_poetry) if isinstance(of_poetry, str) else None


def of_project(project: Mapping[str, Any]) -> list[str]:
    """The list `dependencies` of a `pyproject.toml`."""
    return _texts(_table(project, "project").get("dependencies"))


def _project(files: Mapping[str, str]) -> Mapping[str, Any]:
    try:
        return tomllib.loads(files.get("pyproject.toml", ""))
    except tomllib.TOMLDecodeError:
        return {}


def _table(project: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """A table in a table; an empty one where there is none."""
    found: Any = project
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _texts(value: object) -> list[str]:
    return [line for line in value if isinstance(line, str)] if isinstance(value, list) else []


def _of_file(files: Mapping[str, str], path: str, depth: int = 0) -> list[str]:
    """The lines of a file of pip, and of those that it includes."""
    lines: list[str] = []
    for line in files.get(path, "").splitlines():
        included = _INCLUDED.match(line.strip())
        if included is None:
            lines.append(line.split(" #")[0].split(" --hash")[0])
        elif depth < _DEEPEST:
            other = posixpath.normpath(posixpath.join(posixpath.dirname(path), included[1]))
            lines += _of_file(files, other, depth + 1)
    return lines


def _of_poetry(table: Mapping[str, Any]) -> Iterator[str]:
    """Poetry's table as lines of requirements; what has no version on an index is left out."""
    for name, said in table.items():
        about = said if isinstance(said, Mapping) else {"version": said}
        version = about.get("version")
        if name.lower() != "python" and isinstance(version, str) and not about.get("optional"):
            extras = ",".join(_texts(about.get("extras")))
            yield f"{name}{f'[{extras}]' if extras else ''}{_versions(version)}"


def _versions(text: str) -> str:
    """`^1.2` → `>=1.2,<2`, `~1.2` → `>=1.2,<1.3`, `*` → nothing, `1.2` → `==1.2`."""
    parts = [part.strip() for part in text.split(",")]
    return ",".join(filter(None, map(_version, parts)))


def _version(text: str) -> str:
    numbers = [int(one) for one in re.findall(r"\d+", text.lstrip("^~").split("-")[0])]
    if text[:1] == "^" and numbers:
        kept = next((place for place, number in enumerate(numbers) if number), len(numbers) - 1)
        return f">={text[1:]},<{_next(numbers, kept)}"
    if text[:1] == "~" and text[:2] != "~=" and numbers:
        return f">={text[1:]},<{_next(numbers, min(1, len(numbers) - 1))}"
    if text[:1].isdigit():
        return f"=={text}"
    return "" if text == "*" else text


def _next(numbers: list[int], place: int) -> str:
    return ".".join(map(str, [*numbers[:place], numbers[place] + 1]))


def _is_stubs(name: str) -> bool:
    return name.startswith("types-") or name.endswith("-stubs")


def _requirements(lines: Iterable[str]) -> Iterator[Requirement]:
    for line in lines:
        try:
            requirement = Requirement(line.strip().rstrip("\\"))
        except InvalidRequirement:
            continue
        if requirement.url is None:
            yield requirement
