"""Classes of the generated service as its source declares them: what unit tests stand on."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Argument:
    """One parameter of a method, or one field of a row."""

    name: str
    annotation: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class CodeMethod:
    """One method."""

    name: str
    signature: str
    """Parameters with annotations and defaults as in the source, `self` included."""
    arguments: tuple[Argument, ...]
    returns: str
    is_async: bool
    body: str


@dataclass(frozen=True, slots=True)
class CodeClass:
    """One class of a module."""

    name: str
    module: str
    methods: Mapping[str, CodeMethod]
    fields: tuple[Argument, ...]
    imports: Mapping[str, str]
    """Name that the module imports → module it comes from; names it defines → itself."""


def classes_below(files: Mapping[str, str], folder: str) -> Mapping[str, CodeClass]:
    """The public classes of all modules in a folder of the source: class name → class."""
    found: dict[str, CodeClass] = {}
    for path in sorted(files):
        if path.startswith(f"{folder}/") and path.endswith(".py"):
            module = path.removesuffix(".py").replace("/", ".")
            tree = ast.parse(files[path])
            imports = dict(_imports(tree, module))
            for node in tree.body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    found[node.name] = _class(node, module, imports)
    return found


def _class(node: ast.ClassDef, module: str, imports: Mapping[str, str]) -> CodeClass:
    functions = [part for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)]
    fields = [part for part in node.body if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)]
    return CodeClass(
        name=node.name,
        module=module,
        methods={function.name: _method(function) for function in functions},
        fields=tuple(Argument(ast.unparse(part.target), ast.unparse(part.annotation)) for part in fields),
        imports=imports,
    )


def _method(node: ast.FunctionDef | ast.AsyncFunctionDef) -> CodeMethod:
    plain, keyword = node.args.args[1:], node.args.kwonlyargs
    optional = len(node.args.defaults)
    arguments = [
        Argument(one.arg, _text(one.annotation), index < len(plain) - optional) for index, one in enumerate(plain)
    ]
    arguments += [
        Argument(one.arg, _text(one.annotation), default is None)
        for one, default in zip(keyword, node.args.kw_defaults, strict=True)
    ]
    return CodeMethod(
        name=node.name,
        signature=ast.unparse(node.args),
        arguments=tuple(arguments),
        returns=_text(node.returns),
        is_async=isinstance(node, ast.AsyncFunctionDef),
        body="\n".join(ast.unparse(part) for part in node.body),
    )


def _imports(tree: ast.Module, module: str) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((alias.asname or alias.name, node.module) for alias in node.names)
        elif isinstance(node, ast.ClassDef):
            yield node.name, module


def _text(node: ast.expr | None) -> str:
    return ast.unparse(node).strip("'\"") if node is not None else ""
