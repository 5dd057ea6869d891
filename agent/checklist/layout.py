"""The gate layout: where files lie, which Python and which framework the project asks for."""

from __future__ import annotations

import ast
import functools
import shlex
from collections.abc import Iterator, Mapping

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from agent.checklist.case import Case, Found, Owing
from agent.checklist.layers import code, layer
from agent.checklist.names import nodes, syntax_trees
from agent.checklist.pasting import shown
from agent.checklist.structure import error_problems, injection_problems
from agent.receipts import Receipt
from agent.workspace.dependencies.wanting import python_wanted, wanted

RULES: Mapping[str, str] = {
    "LAY-PY": "layout: files of the tree",
    "STK-PY": "layout: requires-python of pyproject.toml",
    "STK-HTTP-PY": "layout: FastAPI among the dependencies, at the release of the toolchain; imported by the code",
    "SVC-LAYERS": "layout: imports between the layers, from the syntax trees",
    "SVC-DI": "layout: services, repositories and settings that a layer makes for itself, from the syntax trees",
    "SVC-ERRORS": "layout: classes of errors, and what the layers raise, from the syntax trees",
}

_PLACES = ("api/routes", "api/dependencies", "services", "repositories", "models", "schemas")
_FILES = ("core/config.py", "core/exceptions.py")
_LAYOUT = f"ls -d {' '.join(f'src/{place}' for place in (*_PLACES, *_FILES))}"
_TOO_OLD = tuple(Version(text) for text in ("3.8.20", "3.9.20", "3.10.20", "3.11.20"))
_WANTED = Version("3.12.1")
_DATABASE_PACKAGES = frozenset({"asyncpg", "psycopg", "psycopg2", "sqlalchemy", "databases", "sqlmodel", "tortoise"})


def settle(case: Case, owing: Owing) -> Found:
    """Settle what the gate layout owes."""
    files = case.workspace.read()
    release = locked(case.stack.toolchain_lock().read_text("utf-8"), "fastapi")
    return Found(
        (
            *owing.judge("LAY-PY", layout_problems(files), ran="files of the tree", reproduce=_LAYOUT),
            *owing.judge(
                "STK-PY",
                python_problems(python_wanted(files)),
                ran="pyproject.toml: project.requires-python",
                reproduce="grep -n requires-python pyproject.toml",
            ),
            *owing.judge(
                "STK-HTTP-PY",
                framework_problems(files, release),
                ran="pyproject.toml, imports",
                reproduce="grep -rniE '^(from|import) fastapi|\"fastapi' pyproject.toml src",
            ),
            *_of_layers(owing, layer_problems(files)),
            *_of_places(owing, "SVC-DI", injection_problems(files), "calls in the syntax trees of src/"),
            *_of_places(owing, "SVC-ERRORS", error_problems(files), "classes and raise in the syntax trees of src/"),
        )
    )


def _of_places(owing: Owing, rule: str, problems: list[str], ran: str) -> tuple[Receipt, ...]:
    places = [":".join(one.split(":")[:2]) for one in problems if one.startswith("src/")]
    reproduce = shown(problems, "grep -rnE '^class \\w*(Error|Exception|Fault|Problem)' src")
    return owing.judge(rule, problems, ran=ran, reproduce=reproduce, places=places)


def _of_layers(owing: Owing, problems: list[str]) -> tuple[Receipt, ...]:
    path = problems[0].split(": ")[0] if problems and problems[0].startswith("src/") else "src"
    return owing.judge(
        "SVC-LAYERS",
        problems,
        ran="imports in the syntax trees of src/",
        reproduce=f"grep -rnE '^ *(from|import) ' {shlex.quote(path)}",
    )


def layout_problems(files: Mapping[str, str]) -> list[str]:
    """Places of the layout that hold nothing."""
    missing = [f"src/{place}" for place in _PLACES if not _holds(files, place)]
    missing += [f"src/{name}" for name in _FILES if f"src/{name}" not in files]
    return [f"{place} is missing" for place in missing]


def python_problems(asked: str | None) -> list[str]:
    """Why the project does not ask for Python 3.12 or newer."""
    if asked is None:
        return ['pyproject.toml does not say requires-python; write requires-python = ">=3.12"']
    try:
        allowed = SpecifierSet(asked)
    except InvalidSpecifier:
        return [f"requires-python = {asked!r} is no version specifier"]
    old = [str(version) for version in _TOO_OLD if version in allowed]
    problems = [f"requires-python = {asked!r} allows {old[-1]}; write >=3.12"] if old else []
    return problems if _WANTED in allowed else [*problems, f"requires-python = {asked!r} refuses {_WANTED}"]


def framework_problems(files: Mapping[str, str], release: Version | None) -> list[str]:
    """Why the project is not one on a current FastAPI."""
    fastapi = next((one for one in wanted(files) if canonicalize_name(one.name) == "fastapi"), None)
    problems = [] if fastapi else ["fastapi is not among the dependencies of pyproject.toml or requirements.txt"]
    if fastapi and release and not fastapi.specifier.contains(release, prereleases=True):
        problems.append(f"{fastapi} refuses the current release {release}")
    if not any("fastapi" in imported(tree) for _, tree in syntax_trees(code(files))):
        problems.append("no code of the service imports fastapi")
    return problems


def layer_problems(files: Mapping[str, str]) -> list[str]:
    """Routes that reach past the services, and code outside the repositories that speaks to the database."""
    problems: list[str] = [] if any(path.startswith("src/") for path in files) else ["there is no code below src/"]
    for path, tree in syntax_trees(files):
        names = imported(tree)
        drivers = sorted(_DATABASE_PACKAGES & {name.split(".", 1)[0] for name in names})
        if layer(path) == "routes":
            repositories = sorted(name for name in names if ".repositories" in f".{name}")
            problems += [f"{path}: a route imports {name}; go through a service" for name in (*drivers, *repositories)]
        elif layer(path) == "services":
            problems += [f"{path}: a service imports {name}; go through a repository" for name in drivers]
    return problems


@functools.lru_cache(maxsize=1024)
def imported(tree: ast.Module) -> frozenset[str]:
    """The modules that a file imports for use; what it imports for annotations alone does not count."""
    typing_only = {id(inner) for node in nodes(tree) if _for_typing(node) for inner in nodes(node)}
    return frozenset(name for node in nodes(tree) if id(node) not in typing_only for name in _imported_by(node))


def locked(lock: str, package: str) -> Version | None:
    """The version that a lock of `name==version` lines pins, None when it does not name the package."""
    for line in lock.splitlines():
        found = _requirement(line.split("--hash", 1)[0].rstrip(" \\"))
        if found and canonicalize_name(found.name) == package:
            for pin in found.specifier:
                if pin.operator == "==":
                    return _version(pin.version)
    return None


def _holds(files: Mapping[str, str], place: str) -> bool:
    return f"src/{place}.py" in files or any(path.startswith(f"src/{place}/") for path in files)


def _requirement(text: object) -> Requirement | None:
    try:
        return Requirement(str(text).strip())
    except InvalidRequirement:
        return None


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _for_typing(node: ast.AST) -> bool:
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.If(test=ast.Attribute(attr="TYPE_CHECKING")):
            return True
        case _:
            return False


def _imported_by(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(module=module, names=names):
            yield module or ""
            yield from (f"{module}.{alias.name}" if module else alias.name for alias in names)
