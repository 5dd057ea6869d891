"""What a document must keep beyond its schema, each breach with its place: identities, path templates, security."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from agent.contract.bundling import Bundle, at
from agent.contract.grammar import METHODS, Step, children, reference
from agent.contract.patterns import compiled
from agent.errors import Problem

_TEMPLATE = re.compile(r"\{([^{}]*)\}")


def head_problems(document: Any, place: Any) -> tuple[Problem, ...]:
    """Is it an OpenAPI document that says something? `place` names the file and line of a path."""
    problems = version_problems(document, place)
    if not problems and not document.get("paths"):
        return (Problem(place(("paths",)), "declares no operations: `paths` is missing or empty"),)
    return problems


def version_problems(document: Any, place: Any) -> tuple[Problem, ...]:
    """Is it an OpenAPI document at all, of a version that is understood?"""
    if not isinstance(document, Mapping):
        return (Problem(place(()), "is not an OpenAPI document: the outermost value must be a mapping"),)
    if "swagger" in document:
        hint = "convert it to OpenAPI 3 first: `npx swagger2openapi FILE -o openapi.yaml`, or editor.swagger.io"
        return (Problem(place(("swagger",)), f"is Swagger {document['swagger']}; {hint}"),)
    version = document.get("openapi")
    if version is None:
        return (Problem(place(()), "is not an OpenAPI document: `openapi` is missing (such as `openapi: 3.1.0`)"),)
    if not isinstance(version, str):
        return (Problem(place(("openapi",)), f"{version} is a number; write the version as text, such as '3.1.0'"),)
    if not re.fullmatch(r"3\.[01]\.\d+(-.+)?", version):
        return (Problem(place(("openapi",)), f"version {version} is not supported; 3.0.x and 3.1.x are"),)
    return ()


def rule_problems(bundle: Bundle) -> tuple[Problem, ...]:
    """Breaches of the specification's prose, for a document whose structure is valid."""
    lost = reference_problems(bundle)
    if lost:
        return lost
    found = (*_paths(bundle), *_operation_ids(bundle), *_parameters(bundle), *_security(bundle), *_patterns(bundle))
    return tuple(dict.fromkeys(found))


def reference_problems(bundle: Bundle) -> tuple[Problem, ...]:
    """References that lead to things of another kind, or round in circles."""
    return tuple(_strangers(bundle)) or tuple(_loops(bundle))


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]]:
    """Path, method, path item (references followed) and operation of each operation."""
    for path, item in document["paths"].items():
        if not path.startswith("x-"):
            item = followed(document, item)
            for method in METHODS:
                if isinstance(item.get(method), Mapping):
                    yield path, method, item, item[method]


def followed(document: Mapping[str, Any], node: Any) -> Any:
    """The node that a chain of references ends at; the node itself when it is none."""
    while isinstance(node, Mapping) and isinstance(node.get("$ref"), str):
        node = at(document, steps(node["$ref"]))
    return node


def steps(pointer: str) -> Step:
    """The path that a local reference names."""
    from urllib.parse import unquote

    return tuple(unquote(part).replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def erased(path: str) -> str:
    """The path template with the names of its parameters taken out: `/books/{}`."""
    return _TEMPLATE.sub("{}", path)


def _nodes(document: Mapping[str, Any]) -> Iterator[tuple[str, Step, Any]]:
    waiting: list[tuple[str, Step, Any]] = [("document", (), document)]
    while waiting:
        kind, path, node = waiting.pop()
        yield kind, path, node
        if isinstance(node, Mapping):
            waiting.extend((inner, path + step, child) for step, inner, child in children(kind, node))


def _strangers(bundle: Bundle) -> Iterator[Problem]:
    """References to things of another kind, or to places of which nobody knows what stands there."""
    nodes = list(_nodes(bundle.document))
    known = {(kind, path) for kind, path, _ in nodes}
    for kind, path, node in nodes:
        for key in ("$dynamicRef", "$recursiveRef"):
            if kind == "schemas" and isinstance(node, Mapping) and key in node:
                yield Problem(bundle.place((*path, key)), f"`{key}` is not supported; use `$ref`")
        target = reference(kind, node)
        if target is not None and (kind, steps(target)) not in known:
            message = f"{target} leads to a place that holds none of the {kind}; move it to `components.{kind}`"
            yield Problem(bundle.place((*path, "$ref")), message)


def _loops(bundle: Bundle) -> Iterator[Problem]:
    """References that lead only to references, or schemas that are part of themselves, without an end."""
    done: set[str] = set()
    for kind, path, node in _nodes(bundle.document):
        target = reference(kind, node)
        if target is not None and target not in done and _endless(bundle.document, target, done, ()):
            yield Problem(bundle.place((*path, "$ref")), f"{target} contains itself, directly or through allOf")


def _endless(document: Mapping[str, Any], target: str, done: set[str], trail: tuple[str, ...]) -> bool:
    if target in trail:
        return True
    if target in done:
        return False
    node = at(document, steps(target))
    parts = [node, *(node.get("allOf") or [])] if isinstance(node, Mapping) else []
    needed = [part["$ref"] for part in parts if isinstance(part, Mapping) and isinstance(part.get("$ref"), str)]
    looping = len(trail) > 100 or any(_endless(document, one, done, (*trail, target)) for one in needed)
    if not looping:
        done.add(target)
    return looping


def _paths(bundle: Bundle) -> Iterator[Problem]:
    known: dict[str, str] = {}
    for path in bundle.document["paths"]:
        if path.startswith("x-"):
            continue
        place = bundle.place(("paths", path))
        if not path.startswith("/"):
            yield Problem(place, f"the path `{path}` must begin with a slash")
        names = _TEMPLATE.findall(path)
        if re.search(r"[{}]", _TEMPLATE.sub("", path)) or "" in names:
            yield Problem(place, f"the path `{path}` has braces that do not enclose a parameter name")
        if len(set(names)) < len(names):
            yield Problem(place, f"the path `{path}` uses one parameter twice")
        other = known.setdefault(erased(path), path)
        if other != path:
            yield Problem(place, f"is the same path as `{other}` but for parameter names; give both the same names")


def _operation_ids(bundle: Bundle) -> Iterator[Problem]:
    known: dict[str, str] = {}
    for path, method, _, operation in operations(bundle.document):
        name = operation.get("operationId")
        if name is None:
            continue
        key = f"{method.upper()} {path}"
        other = known.setdefault(name, key)
        if other != key:
            place = bundle.place(("paths", path, method, "operationId"))
            yield Problem(place, f"the operationId `{name}` is also that of {other}; it must be unique")


def _parameters(bundle: Bundle) -> Iterator[Problem]:
    for path, method, item, operation in operations(bundle.document):
        where: Step = ("paths", path, method)
        yield from _twice(bundle, ("paths", path, "parameters"), item.get("parameters") or [])
        yield from _twice(bundle, (*where, "parameters"), operation.get("parameters") or [])
        declared = [followed(bundle.document, one) for one in _both(item, operation)]
        names = {one["name"] for one in declared if one["in"] == "path"}
        template = set(_TEMPLATE.findall(path))
        for name in sorted(template - names):
            yield Problem(bundle.place(where), f"the path parameter `{name}` is not declared; add it to `parameters`")
        for name in sorted(names - template):
            yield Problem(bundle.place(where), f"the path parameter `{name}` does not occur in the path `{path}`")


def _both(item: Mapping[str, Any], operation: Mapping[str, Any]) -> list[Any]:
    return [*(item.get("parameters") or []), *(operation.get("parameters") or [])]


def _twice(bundle: Bundle, path: Step, parameters: list[Any]) -> Iterator[Problem]:
    known: set[tuple[str, str]] = set()
    for index, one in enumerate(parameters):
        parameter = followed(bundle.document, one)
        identity = (parameter["in"], parameter["name"])
        if identity in known:
            place = bundle.place((*path, str(index)))
            yield Problem(place, f"the {identity[0]} parameter `{identity[1]}` is declared twice")
        known.add(identity)


def _security(bundle: Bundle) -> Iterator[Problem]:
    document = bundle.document
    declared = (document.get("components") or {}).get("securitySchemes") or {}
    places: list[tuple[Step, Any]] = [(("security",), document.get("security"))]
    places += [
        (("paths", path, method, "security"), operation.get("security"))
        for path, method, _, operation in operations(document)
    ]
    for path_of, requirements in places:
        for index, requirement in enumerate(requirements or []):
            for name in requirement:
                if name not in declared:
                    message = f"the security scheme `{name}` is not declared in components.securitySchemes"
                    yield Problem(bundle.place((*path_of, str(index), name)), message)


def _patterns(bundle: Bundle) -> Iterator[Problem]:
    for kind, path, node in _nodes(bundle.document):
        if kind != "schemas" or not isinstance(node, Mapping):
            continue
        patterns: list[tuple[Step, Any]] = [(("pattern",), node.get("pattern"))]
        named = node.get("patternProperties")
        patterns += [(("patternProperties", name), name) for name in named] if isinstance(named, Mapping) else []
        for step, pattern in patterns:
            try:
                compiled(pattern) if isinstance(pattern, str) else None
            except ValueError as error:
                yield Problem(bundle.place(path + step), str(error))
