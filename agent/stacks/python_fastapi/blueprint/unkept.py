"""What a contract says and a written service does not keep, each with its JSON pointer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.contract.bundling import at
from agent.contract.grammar import METHODS, Step, children
from agent.contract.grammar import reference as reference_in
from agent.contract.model import Body, Contract
from agent.contract.rules import steps
from agent.contract.source import escape
from agent.stacks.python_fastapi.blueprint.schemas import body_media
from agent.stacks.python_fastapi.blueprint.unkept_keywords import Place, lost_keywords, lost_of_parameter

_MEANINGS: Mapping[str, str] = {
    "oneOf": "a value that fits several of its alternatives is taken as well",
    "prefixItems": "items are read, but not each by its place",
    "default": "nothing is filled in",
    "webhooks": "nobody is called",
    "callbacks": "nobody is called",
    **dict.fromkeys(
        ("content", "style", "explode", "type: array", "type: object"), "the parameter is read as plain text"
    ),
}
_UNCHECKED = "what is sent is not checked against it"
_UNREAD = "bodies in that media type are not read"


def unkept(contract: Contract) -> tuple[str, ...]:
    """A sentence for each keyword or part that is described and not kept, with all places where it stands.

    Answers are not looked at: they are made from rows, and are what the operation gives.
    """
    walk = _Walk(contract.document)
    walk.operations()
    for operation in contract.operations:
        if operation.body is not None:
            walk.media(operation.body, operation.pointer)
    return tuple(f"`{name}`: {_meaning(name)}: {', '.join(places)}" for name, places in sorted(walk.found.items()))


def _meaning(name: str) -> str:
    return _UNREAD if "/" in name else _MEANINGS.get(name, _UNCHECKED)


@dataclass
class _Walk:
    """Goes through all that operations are sent; what is referred to is looked at once, where it stands."""

    document: Mapping[str, Any]
    found: dict[str, list[str]] = field(default_factory=dict)
    _seen: set[Step] = field(default_factory=set)

    def operations(self) -> None:
        """All that can be sent, path by path."""
        for name in self.document.get("webhooks") or {}:
            self._note("webhooks", ("webhooks", str(name)))
        for path, item in (self.document.get("paths") or {}).items():
            if isinstance(item, Mapping) and not path.startswith("x-"):
                self._parameters(item, ("paths", path))
                for method in METHODS:
                    if isinstance(item.get(method), Mapping):
                        self._operation(item[method], ("paths", path, method))

    def media(self, body: Body, pointer: str) -> None:
        """Media types beside the one that the route reads."""
        read = body_media(body)
        for media in body.content:
            if read is not None and media != read:
                self.found.setdefault(media, []).append(f"{pointer}/requestBody")

    def _operation(self, node: Mapping[str, Any], where: Step) -> None:
        self._parameters(node, where)
        for name in node.get("callbacks") or {}:
            self._note("callbacks", (*where, "callbacks", str(name)))
        if isinstance(node.get("requestBody"), Mapping):
            self._inside("requestBodies", node["requestBody"], (*where, "requestBody"), Place.BODY)

    def _parameters(self, node: Mapping[str, Any], where: Step) -> None:
        for index, one in enumerate(node.get("parameters") or ()):
            self._inside("parameters", one, (*where, "parameters", str(index)), Place.PARAMETER)

    def _inside(self, kind: str, node: Any, where: Step, place: Place) -> None:
        target = reference_in(kind, node)
        if target is not None:
            where, node = steps(target), at(self.document, steps(target))
        if not isinstance(node, Mapping) or (*where, place) in self._seen:
            return
        self._seen.add((*where, place))
        lost = {"schemas": lost_keywords, "parameters": lost_of_parameter}.get(kind)
        for step, name in lost(node, place) if lost else ():
            self._note(name, (*where, *step))
        for step, inner, child in _further(kind, node):
            self._inside(inner, child, where + step, place.inside(kind, step))

    def _note(self, name: str, where: Step) -> None:
        pointer = "#/" + "/".join(map(escape, where))
        if pointer not in self.found.setdefault(name, []):
            self.found[name].append(pointer)


def _further(kind: str, node: Mapping[str, Any]) -> Iterator[tuple[Step, str, Any]]:
    """What else is read of a thing: a schema's conditions are not, once they are told."""
    for step, inner, child in children(kind, node):
        if step[0] not in _NOT_READ and inner in ("schemas", "media", "requestBodies", "parameters"):
            yield step, inner, child


_NOT_READ = frozenset({"not", "if", "then", "else", "contains", "dependentSchemas", "propertyNames", "examples"})
