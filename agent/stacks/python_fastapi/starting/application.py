"""Finds the application of a worktree: as it is declared, where it usually is, or anywhere in the code."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from agent.errors import InputError
from agent.stacks.base import ServiceBroken
from agent.stacks.declared import FILE, DeclaredService, declared
from agent.stacks.python_fastapi.starting.commands import Start, declared_starts, start_of

MODULES = ("src/main.py", "app/main.py", "main.py", "src/app.py", "app.py")
"""Where an application usually is."""
_FACTORIES = ("create_app", "get_app", "make_app", "build_app", "get_application", "create_application")
_TOLD = "say how it is started: `--start 'uvicorn MODULE:NAME'`, or `start` in `[service]` of agent.toml"


@dataclass(frozen=True, slots=True)
class Application:
    """Where the FastAPI application is."""

    target: str
    """`src.main:app`."""
    factory: bool
    """True when the target is a function that makes it."""
    folder: str = ""
    """From which it is imported, where that is not the root: `src`."""


def find_application(files: Mapping[str, str]) -> Application:
    """The application in these files (path → content).

    What `agent.toml` says counts alone. Else: a start command in Procfile, Dockerfile or compose file whose module is
    there, an `app` or `create_app` where one usually is, the only application anywhere in the code. Raises
    `ServiceBroken` when there is none, or more than one, or `agent.toml` cannot be read.
    """
    if said := said_of_service(files).start:
        return _as_said(files, said)
    for start in declared_starts(files):
        if found := _resolved(files, start):
            return found
    return _usual(files) or _only_one(files)


def import_folder(files: Mapping[str, str]) -> str:
    """Where modules are looked for beside the root; empty where the application tells of no such folder."""
    try:
        return find_application(files).folder
    except ServiceBroken:
        return ""


def said_of_service(files: Mapping[str, str]) -> DeclaredService:
    """What `agent.toml` says; `ServiceBroken` where it cannot be read."""
    try:
        return declared(files)
    except InputError as error:
        raise ServiceBroken(str(error), f"cat {FILE}") from error


def holds_application(files: Mapping[str, str]) -> bool:
    """Whether there is an application, also one of several, and one whose code is broken."""
    try:
        find_application(files)
    except ServiceBroken:
        return any(path.endswith(".py") and "FastAPI(" in text and not _is_test(path) for path, text in files.items())
    return True


def _as_said(files: Mapping[str, str], command: str) -> Application:
    start = start_of(command)
    if start is None:
        raise ServiceBroken(f"`{command}` is not understood: {_TOLD}", "cat agent.toml")
    found = _resolved(files, start)
    if found is None:
        module, _, name = start.target.partition(":")
        raise ServiceBroken(f"`{command}`: no module {module} defines {name or 'an application'}", f"ls {module}*")
    return found


def _resolved(files: Mapping[str, str], start: Start) -> Application | None:
    """The application that a command means, if its module is there; its folder may be the command's or its `src`."""
    module, _, name = start.target.partition(":")
    path = module.replace(".", "/")
    for folder in (start.folder, posixpath.join(start.folder, "src")):
        for candidate in (f"{path}.py", f"{path}/__init__.py"):
            place = posixpath.normpath(posixpath.join(folder, candidate))
            if place in files:
                return _named(files, place, Application(start.target, start.factory, folder), name)
    return None


def _named(files: Mapping[str, str], path: str, found: Application, name: str) -> Application | None:
    if name:
        first = name.removesuffix("()").partition(".")[0]
        called = replace(found, target=found.target.removesuffix("()"), factory=found.factory or name.endswith("()"))
        return called if first in _defined(path, files[path]) else None
    made = list(_made(path, files[path]))
    return replace(found, target=f"{found.target}:{made[0][0]}", factory=made[0][1]) if made else None


def _usual(files: Mapping[str, str]) -> Application | None:
    for path in MODULES:
        if path in files:
            names = _defined(path, files[path])
            module = path.removesuffix(".py").replace("/", ".")
            if "app" in names:
                return Application(f"{module}:app", factory=False)
            if "create_app" in names:
                return Application(f"{module}:create_app", factory=True)
    return None


def _only_one(files: Mapping[str, str]) -> Application:
    """The application anywhere in the code; those nearest to the root, and objects before functions that make them."""
    found = [
        (path, name, factory)
        for path, text in files.items()
        if path.endswith(".py") and "FastAPI" in text and not _is_test(path)
        for name, factory in _made(path, text)
    ]
    nearest = min((_order(one) for one in found), default=None)
    best = [one for one in found if _order(one) == nearest]
    if len(best) == 1:
        path, name, factory = best[0]
        folder, module = _importable(files, path)
        return Application(f"{module}:{name}", factory, folder)
    if best:
        places = ", ".join(sorted(f"{path}: {name}" for path, name, _ in best))
        raise ServiceBroken(f"more than one application ({places}); {_TOLD}", "grep -rn 'FastAPI(' --include='*.py' .")
    raise ServiceBroken(
        f"no application found: no module-level `... = FastAPI(...)` and no function that returns one; {_TOLD}",
        "grep -rn 'FastAPI(' --include='*.py' .",
    )


def _order(found: tuple[str, str, bool]) -> tuple[bool, int]:
    path, _, factory = found
    return factory, path.count("/")


def _importable(files: Mapping[str, str], path: str) -> tuple[str, str]:
    """Folder and module: `src` for a package in it that is not imported by way of `src` itself, else the root."""
    inside = path.partition("/")[2]
    packaged = path.startswith("src/") and "src/__init__.py" not in files and "/" in inside
    folder, rest = ("src", inside) if packaged and not _imports_src(files) else ("", path)
    return folder, rest.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _imports_src(files: Mapping[str, str]) -> bool:
    return any("from src." in text or "import src." in text for path, text in files.items() if path.endswith(".py"))


def _is_test(path: str) -> bool:
    folders = path.split("/")
    return any(one in ("tests", "test") for one in folders[:-1]) or folders[-1].startswith(("test_", "conftest"))


def _made(path: str, source: str) -> Iterator[tuple[str, bool]]:
    """Names of applications that a module makes, and whether each is a function that has to be called."""
    body = _body(path, source)
    for node in body:
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if isinstance(value, ast.Call) and _called(value) in ("FastAPI", *_FACTORIES):
            yield from ((name, False) for name in _targets([node]))
    for node in body:
        if isinstance(node, ast.FunctionDef) and not _required(node.args) and _makes(node):
            yield node.name, True


def _makes(function: ast.FunctionDef) -> bool:
    returns = function.returns
    annotated = isinstance(returns, ast.Name) and returns.id == "FastAPI"
    return annotated or (function.name in _FACTORIES and "FastAPI" in ast.dump(function))


def _required(arguments: ast.arguments) -> bool:
    plain = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    return plain > 0 or any(default is None for default in arguments.kw_defaults)


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _defined(path: str, source: str) -> set[str]:
    body = _body(path, source)
    functions = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    imports = {alias.asname or alias.name for node in body if isinstance(node, ast.ImportFrom) for alias in node.names}
    return functions | imports | set(_targets(body))


def _targets(body: Sequence[ast.stmt]) -> Iterator[str]:
    for node in body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        yield from (target.id for target in targets if isinstance(target, ast.Name))


def _body(path: str, source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except SyntaxError as error:
        raise ServiceBroken(f"{path}:{error.lineno}: {error.msg}", f"python -m py_compile {path}") from error
