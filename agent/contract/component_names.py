"""Components with names that the specification does not allow, such as `Page«Item»`: named anew everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from agent.contract.grammar import Step

_ALLOWED = re.compile(r"[A-Za-z0-9._-]+")
_OTHER = re.compile(r"[^A-Za-z0-9._-]+")


def with_plain_names(document: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[tuple[Step, str]]]:
    """The document with such components under plain names, and what was assumed; the same when there are none."""
    components = document.get("components")
    renamed: dict[tuple[str, str], str] = {}
    for section, named in components.items() if isinstance(components, Mapping) else ():
        if isinstance(named, Mapping) and not str(section).startswith("x-"):
            renamed |= {(section, name): plain for name, plain in _plain_names(named)}
    if not renamed:
        return document, []
    targets = {f"#/components/{section}/{name}": (section, plain) for (section, name), plain in renamed.items()}
    made = _renamed(document, {old: f"#/components/{section}/{plain}" for old, (section, plain) in targets.items()})
    made["components"] = {
        section: {renamed.get((section, name), name): one for name, one in named.items()}
        if isinstance(named, Mapping)
        else named
        for section, named in made["components"].items()
    }
    told = "names of components consist of letters, digits, `.`, `-` and `_`"
    notes: list[tuple[Step, str]] = [
        (("components", section, name), f"is read as `{plain}`: {told}") for (section, name), plain in renamed.items()
    ]
    return made, notes


def _plain_names(named: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    taken = {name for name in named if _ALLOWED.fullmatch(name)}
    for name in named:
        if not _ALLOWED.fullmatch(name):
            wanted = _OTHER.sub("_", name).strip("_") or "Component"
            numbered = (f"{wanted}_{number}" for number in range(2, len(named) + 2))
            plain = next(one for one in (wanted, *numbered) if one not in taken)
            taken.add(plain)
            yield name, plain


def _renamed(node: Any, targets: Mapping[str, str]) -> Any:
    """The node with every text that refers to such a component; in `$ref`, and in the mapping of a discriminator."""
    if isinstance(node, Mapping):
        return {key: _told(key, value, targets) for key, value in node.items()}
    return [_renamed(one, targets) for one in node] if isinstance(node, list) else node


def _told(key: str, value: Any, targets: Mapping[str, str]) -> Any:
    if key == "$ref" and isinstance(value, str):
        return _target(value, targets)
    if key == "mapping" and isinstance(value, Mapping):
        return {tag: _target(one, targets) if isinstance(one, str) else one for tag, one in value.items()}
    return _renamed(value, targets)


def _target(reference: str, targets: Mapping[str, str]) -> str:
    return targets.get(unquote(reference).replace("~1", "/").replace("~0", "~"), reference)
