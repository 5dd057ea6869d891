"""How the code hangs together: what services are handed, and which errors they raise. Read from the syntax trees."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from agent.checklist.layers import layer
from agent.checklist.names import nodes, syntax_trees

_BUILT_IN = frozenset(
    name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, BaseException)
)
_OF_THE_FRAMEWORK = frozenset({"HTTPException", "RequestValidationError", "StarletteHTTPException"})
_SETTINGS = frozenset({"Settings", "load_settings", "get_settings", "create_pool", "open_pool", "create_engine"})


@dataclass(frozen=True, slots=True)
class _Class:
    name: str
    bases: tuple[str, ...]
    members: frozenset[str]


@dataclass(slots=True)
class _Errors:
    """The classes of the code, as far as they are errors."""

    classes: Mapping[str, _Class] = field(default_factory=dict)

    def is_error(self, name: str) -> bool:
        """True for what can be raised."""
        return any(one in _BUILT_IN for one in self._line(name))

    def is_domain(self, name: str) -> bool:
        """True for an error that carries a status and a code, by itself or from above."""
        members = {member for one in self._line(name) if one in self.classes for member in self.classes[one].members}
        return self.is_error(name) and all(any(word in member for member in members) for word in ("status", "code"))

    def _line(self, name: str) -> set[str]:
        found, waiting = set[str](), [name]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += self.classes[one].bases if one in self.classes else ()
        return found


def error_problems(files: Mapping[str, str]) -> list[str]:
    """Errors without status or code, and layers that raise what is no domain error."""
    trees = [(path, tree) for path, tree in syntax_trees(files) if path.startswith("src/")]
    known = _Errors({one.name: one for _, tree in trees for one in _classes(tree)})
    problems: list[str] = []
    if not any(known.is_domain(name) for name in known.classes):
        problems.append(
            "no class of errors in src/ carries a status and a code; give the domain's errors a base that does"
        )
    for path, tree in trees:
        if not layer(path):
            continue
        for name, line in _raised(tree):
            if name in _OF_THE_FRAMEWORK or name in _BUILT_IN or (known.is_error(name) and not known.is_domain(name)):
                problems.append(f"{path}:{line}: raises {name}, which is no domain error with status and code")
    return problems


def injection_problems(files: Mapping[str, str]) -> list[str]:
    """Parts that make or look up what they need, in place of being handed it."""
    if not any(map(layer, files)):
        return ["there is no code in src/services, src/repositories or src/api/routes that could be handed anything"]
    problems: list[str] = []
    for path, tree in syntax_trees(files):
        if layer(path) == "services":
            problems += [
                f"{path}:{line}: a service makes its own {name}" for name, line in _made(tree, ".repositories")
            ]
        if layer(path) == "routes":
            for handed in (".repositories", ".services"):
                problems += [f"{path}:{line}: a route makes its own {name}" for name, line in _made(tree, handed)]
        if layer(path):
            problems += [f"{path}:{line}: looks {name} up for itself" for name, line in _looked_up(tree)]
    return problems


def _classes(tree: ast.Module) -> Iterator[_Class]:
    for node in nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield _Class(node.name, tuple(filter(None, map(_name, node.bases))), frozenset(_members(node)))


def _members(node: ast.ClassDef) -> Iterator[str]:
    for inner in nodes(node):
        match inner:
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.AnnAssign(target=ast.Attribute(attr=name)):
                yield name.lower()
            case ast.Assign(targets=targets):
                yield from (name.lower() for one in targets if (name := _name(one)))
            case ast.FunctionDef(name=name):
                yield name.lower()
            case _:
                continue


def _raised(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Names of the classes that are raised; what was caught and is raised again has no class here."""
    for node in nodes(tree):
        if isinstance(node, ast.Raise) and node.exc is not None:
            said = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            name = _name(said)
            if name[:1].isupper():
                yield name, node.lineno


def _made(tree: ast.Module, handed: str) -> Iterator[tuple[str, int]]:
    """Calls of classes that were imported from a layer."""
    imported = {
        alias.asname or alias.name
        for node in nodes(tree)
        if isinstance(node, ast.ImportFrom) and f"{handed}." in f".{node.module}."
        for alias in node.names
        if alias.name.endswith(("Repository", "Service", "Repositories", "Services", "Store", "Gateway"))
    }
    for node in nodes(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in imported:
            yield node.func.id, node.lineno


def _looked_up(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Settings and connections that code gets for itself, and the environment."""
    for node in nodes(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)) if name in _SETTINGS:
                yield name, node.lineno
            case ast.Attribute(value=ast.Name(id="os"), attr="environ" | "getenv"):
                yield "the environment", node.lineno
            case _:
                continue


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
