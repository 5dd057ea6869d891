"""Documents that are slightly invalid, and clear in meaning: mended, each mend noted with its place.

Only a document that the validator refuses is looked at, and only where the grammar expects the thing that is mended: a
property named `type` is left alone. What is not clear stays as it is, and is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agent.contract.bundling import Bundle
from agent.contract.component_names import with_plain_names
from agent.contract.grammar import METHODS, Step, children, replaced
from agent.contract.mending import Mend, mend_schema
from agent.contract.rules import followed
from agent.errors import Problem

_PLACES = {"headers": "header", "params": "path", "url": "path", "querystring": "query", "cookies": "cookie"}
_TEXTS = ("description", "summary", "title", "operationId")
_OF_PARAMETERS = frozenset(
    {"type", "format", "enum", "items", "minimum", "maximum", "minLength", "maxLength", "pattern", "default"}
)
_TEMPLATE = re.compile(r"\{([^{}]*)\}")


def mended(bundle: Bundle) -> tuple[Bundle, tuple[Problem, ...]]:
    """The document with what is clear put right, and what was assumed; the same document when nothing was."""
    old = str(bundle.document.get("openapi", "")).startswith("3.0")
    named, renames = with_plain_names(bundle.document)
    mending = _Mending(named, old, renames)
    document = mending.node("document", named, ())
    notes = tuple(Problem(bundle.place(path), message) for path, message in mending.notes)
    return (replace(bundle, document=document), notes) if notes else (bundle, ())


def mended_version(document: Any) -> tuple[Any, str]:
    """The document with its version as the specification spells it, and what was assumed; empty when nothing was."""
    version = document.get("openapi") if isinstance(document, Mapping) else None
    found = re.fullmatch(r"v?(3\.[01])(\.\d+)?", str(version).strip()) if isinstance(version, str | float) else None
    whole = f"{found[1]}{found[2] or '.0'}" if found else version
    if found is None or whole == version:
        return document, ""
    return {**document, "openapi": whole}, f"version {version} is read as {whole}"


@dataclass
class _Mending:
    document: Mapping[str, Any]
    old: bool
    notes: list[tuple[Step, str]] = field(default_factory=list)

    def node(self, kind: str, node: Any, path: Step) -> Any:
        """The node with itself and everything inside put right."""
        if not isinstance(node, Mapping) or isinstance(node.get("$ref"), str):
            return node
        made = dict(node)
        mend = Mend(made, self.old, lambda message, *inner: self.notes.append(((*path, *inner), message)))
        self._texts(mend)
        own = {
            "document": self._document,
            "operation": _operation,
            "parameters": _parameter,
            "headers": _media,
            "responses": _response,
            "securitySchemes": _scheme,
            "schemas": mend_schema,
        }.get(kind)
        if own is not None:
            own(mend)
        changes = {step: self.node(inner, child, path + step) for step, inner, child in children(kind, made)}
        return replaced(made, changes)

    def _texts(self, mend: Mend) -> None:
        for key in _TEXTS:
            if key in mend.made and mend.made[key] is None:
                del mend.made[key]
                mend.note(f"`{key}` is empty, and left out", key)

    def _document(self, mend: Mend) -> None:
        info = mend.made.get("info")
        if isinstance(info, Mapping):
            changed = {key: str(info[key]) for key in ("version", "title") if isinstance(info.get(key), int | float)}
            for key, text in changed.items():
                mend.note(f"{info[key]} is a number, and read as the text {text!r}", "info", key)
            mend.made["info"] = {**info, **changed}
        _security(mend)
        paths = mend.made.get("paths")
        if isinstance(paths, Mapping):
            mend.made["paths"] = {self._path(mend, path): self._item(mend, path, item) for path, item in paths.items()}

    def _path(self, mend: Mend, path: str) -> str:
        if path.startswith(("/", "x-")):
            return path
        mend.note(f"is read as `/{path}`: a path begins with a slash", "paths", path)
        return f"/{path}"

    def _item(self, mend: Mend, path: str, item: Any) -> Any:
        """Parameters that the path names and nobody declares are text."""
        if not isinstance(item, Mapping) or path.startswith("x-") or isinstance(item.get("$ref"), str):
            return item
        made = dict(item)
        for method in METHODS:
            operation = item.get(method)
            if isinstance(operation, Mapping):
                declared = {self._path_name(one) for one in (*_list(item), *_list(operation))}
                lost = [name for name in _TEMPLATE.findall(path) if name and name not in declared]
                added = [{"name": one, "in": "path", "required": True, "schema": {"type": "string"}} for one in lost]
                for name in lost:
                    mend.note(f"path parameter `{name}` is not declared, and read as text", "paths", path, method)
                if added:
                    made[method] = {**operation, "parameters": [*_list(operation), *added]}
        return made

    def _path_name(self, parameter: Any) -> str:
        try:
            found = followed(self.document, parameter)
        except (LookupError, ValueError, TypeError):
            return ""
        return str(found.get("name")) if isinstance(found, Mapping) and _location(found) == "path" else ""


def _list(node: Mapping[str, Any]) -> list[Any]:
    known = node.get("parameters")
    return known if isinstance(known, list) else []


def _location(parameter: Mapping[str, Any]) -> str:
    stated = str(parameter.get("in", "")).lower()
    return _PLACES.get(stated, stated)


def _operation(mend: Mend) -> None:
    made = mend.made
    if not isinstance(made.get("responses"), Mapping) or not made["responses"]:
        made["responses"] = {"default": {"description": ""}}
        mend.note("no answers are declared: any is read as one without a body")
    spelt = {name: name.upper() for name in made["responses"] if re.fullmatch(r"[1-5]xx", str(name))}
    for name, right in spelt.items():
        mend.note(f"`{name}` is read as `{right}`", "responses", name)
    made["responses"] = {spelt.get(name, name): answer for name, answer in made["responses"].items()}
    if isinstance(made.get("tags"), str):
        made["tags"] = [made["tags"]]
        mend.note("one tag is read as a list of one", "tags")
    _security(mend)


def _security(mend: Mend) -> None:
    stated = mend.made.get("security")
    if isinstance(stated, Mapping):
        mend.made["security"] = [dict(stated)]
        mend.note("one alternative is read as a list of one", "security")


def _parameter(mend: Mend) -> None:
    made, stated = mend.made, mend.made.get("in")
    if _location(made) != stated and _location(made) in ("query", "header", "path", "cookie"):
        made["in"] = _location(made)
        mend.note(f"`in: {stated}` is read as `{made['in']}`", "in")
    if isinstance(made.get("required"), str) and made["required"].lower() in ("true", "false"):
        made["required"] = made["required"].lower() == "true"
        mend.note("`required` is text, and read as true or false", "required")
    if made.get("in") == "path" and made.get("required") is not True:
        made["required"] = True
        mend.note(f"path parameter `{made.get('name')}` is read as required, as every one is")
    _media(mend)


def _media(mend: Mend) -> None:
    """A parameter or header that says its type itself, as Swagger 2 does."""
    made = mend.made
    if "schema" in made or "content" in made:
        return
    own = {key: made.pop(key) for key in sorted(_OF_PARAMETERS & set(made))}
    made["schema"] = own
    mend.note(f"{', '.join(own)} is read as part of `schema`" if own else "has no `schema`: any value is one")


def _response(mend: Mend) -> None:
    if not isinstance(mend.made.get("description"), str):
        mend.made["description"] = ""
        mend.note("the answer has no description: an empty one is assumed")


def _scheme(mend: Mend) -> None:
    made = mend.made
    stated = str(made.get("type", ""))
    spelt = {"apikey": "apiKey", "api_key": "apiKey", "oauth": "oauth2", "openidconnect": "openIdConnect"}
    plain = stated.lower().replace("-", "")
    if plain in ("basic", "bearer"):
        made |= {"type": "http", "scheme": plain}
        mend.note(f"`type: {stated}` is read as `http` with scheme `{plain}`", "type")
    elif stated != spelt.get(plain, plain) and spelt.get(plain, plain) in (*spelt.values(), "http"):
        made["type"] = spelt.get(plain, plain)
        mend.note(f"`type: {stated}` is read as `{made['type']}`", "type")
    if made.get("type") == "apiKey" and _location(made) != made.get("in"):
        mend.note(f"`in: {made.get('in')}` is read as `{_location(made)}`", "in")
        made["in"] = _location(made)
