"""What an assignment shows to the model: the slice of contract, catalog and code that it touches. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from agent.binding.model import Binding
from agent.catalog.model import Catalog, Column, Table
from agent.contract.model import Contract
from agent.journal.events import Assignment, OpenHole
from agent.receipts import Receipt, Verdict
from agent.rulebook.model import Rulebook
from prompts.rendering import AssignmentView, FailureView, FileView, HoleView, TryView

_LINES = 300
"""Of one file; the rest can be read with a tool."""
_TABLES = 40
CONVENTIONS = (
    "AGENTS.md",
    "CLAUDE.md",
    "CONTRIBUTING.md",
    ".github/copilot-instructions.md",
    ".cursorrules",
    "docs/CONTRIBUTING.md",
    "docs/conventions.md",
)
"""Where projects say how code is written in them."""
_CONVENTIONS_CHARACTERS = 12_000
"""Of all of them together."""
_CONTRACT_CHARACTERS = 60_000
"""Of the contract; operations beyond it are named only."""


@dataclass(frozen=True, slots=True)
class Background:
    """What every assignment of a run has in common."""

    task: str
    description: str
    acceptance: str
    contract: Contract
    catalog: Catalog
    binding: Binding
    rulebook: Rulebook
    existing: bool = False
    """The repository holds a service with conventions of its own."""


def view(
    background: Background,
    assignment: Assignment,
    verdict: Verdict | None,
    files: Mapping[str, str],
    *,
    tried: Sequence[TryView] = (),
) -> AssignmentView:
    """The assignment as the model sees it; `files` is the worktree (path → content), `tried` what came of working on
    it before."""
    failed = {receipt.obligation.id: receipt for receipt in (verdict.failed if verdict else ())}
    failures = [failed[one] for one in assignment.obligations if one in failed]
    keys = [hole.operation for hole in assignment.holes] + [receipt.subject for receipt in failures]
    operations = tuple(key for key in dict.fromkeys(keys) if _is_operation(background, key))
    return AssignmentView(
        title=assignment.title,
        task=background.task,
        description=background.description,
        acceptance=(background.acceptance,) if background.acceptance else (),
        from_nothing=not files,
        existing=background.existing,
        conventions=tuple(_conventions(files)) if background.existing else (),
        holes=tuple(_hole(hole, files) for hole in assignment.holes),
        failures=tuple(_failure(background, receipt) for receipt in failures),
        contract=describe_operations(background.contract, operations),
        tables=describe_tables(background, operations) if files else _ddl(background.catalog),
        files=tuple(_files(assignment, failures, files)),
        tried=tuple(tried),
    )


def _conventions(files: Mapping[str, str]) -> Iterator[FileView]:
    """What the project says to those who write in it, in short where it is long."""
    left = _CONVENTIONS_CHARACTERS
    for path in filter(files.__contains__, CONVENTIONS):
        text = files[path][:left]
        left -= len(text)
        if text:
            yield FileView(path, text)


def _is_operation(background: Background, subject: str) -> bool:
    return any(operation.key == subject for operation in background.contract.operations)


def _hole(hole: OpenHole, files: Mapping[str, str]) -> HoleView:
    return HoleView(
        name=hole.name,
        file=hole.file,
        line=hole.line,
        source=block_at(files.get(hole.file, ""), hole.line),
        operation=hole.operation,
        reason=hole.reason,
    )


def _failure(background: Background, receipt: Receipt) -> FailureView:
    return FailureView(
        obligation=receipt.obligation.id,
        rule=background.rulebook.rules[receipt.rule].text,
        ran=receipt.ran,
        found=receipt.found,
        reproduce=receipt.reproduce,
        places=receipt.places,
    )


def block_at(text: str, line: int) -> str:
    """The line of that number (1-based) and what is indented below it: a function's signature and body."""
    lines = text.splitlines()[max(line - 1, 0) :]
    if not lines:
        return ""
    depth = _depth(lines[0])
    end = next(
        (
            at
            for at, one in enumerate(lines[1:], 1)
            if one.strip() and _depth(one) <= depth and one.strip()[0] not in ")]}"
        ),
        len(lines),
    )
    return "\n".join(lines[:end]).rstrip()


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


class _Plain(yaml.SafeDumper):
    """Writes text of several lines as it is, and a value that stands in two places twice."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _readable(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Plain.add_representer(str, _readable)


def describe_operations(contract: Contract, operations: Sequence[str]) -> str:
    """The operations as the document has them, and the shared parts that they refer to, as YAML; bounded."""
    if not operations:
        return ""
    count = len(operations)
    while count > 1 and len(json.dumps(_slice(contract, operations[:count]))) > _CONTRACT_CHARACTERS:
        count //= 2
    shown = yaml.dump(
        _slice(contract, operations[:count]), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120
    )
    rest = operations[count:]
    return shown + (f"# and also: {', '.join(rest)}\n" if rest else "")


def _slice(contract: Contract, operations: Iterable[str]) -> dict[str, Any]:
    document = contract.document
    paths: dict[str, dict[str, Any]] = {}
    for key in operations:
        operation = contract.operation(key)
        item = document["paths"][operation.path]
        shared = {"parameters": item["parameters"]} if "parameters" in item else {}
        paths.setdefault(operation.path, shared)[operation.method] = item[operation.method]
    general = {"security": document["security"]} if "security" in document else {}
    return {**general, "paths": paths, "components": _components(document, paths)}


def _components(document: Mapping[str, Any], start: Any) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    waiting = list(_references(start))
    while waiting:
        parts = waiting.pop().removeprefix("#/components/").split("/")
        if len(parts) != 2 or parts[1] in found.get(parts[0], {}):
            continue
        value = document.get("components", {}).get(parts[0], {}).get(parts[1])
        if value is not None:
            found.setdefault(parts[0], {})[parts[1]] = value
            waiting.extend(_references(value))
    return found


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def describe_tables(background: Background, operations: Iterable[str]) -> str:
    """The tables that these operations are about, their neighbours and their enums; all when that is not known."""
    resources = {background.binding.bound(key).resource for key in operations}
    names = {bound.table for bound in background.binding.operations if bound.table and bound.resource in resources}
    catalog = background.catalog
    near = {key.table for name in names if (table := catalog.table(name)) for key in table.foreign_keys}
    near |= {table.name for table in catalog.tables if any(key.table in names for key in table.foreign_keys)}
    chosen = tuple(table for table in catalog.tables if table.name in names | near) or catalog.tables
    used = {column.enum for table in chosen[:_TABLES] for column in table.columns}
    enums = [f"enum {enum.name}: {', '.join(enum.values)}" for enum in catalog.enums if enum.name in used]
    return "\n\n".join([*map(_table, chosen[:_TABLES]), *enums])


def _ddl(catalog: Catalog) -> str:
    return "\n".join(f"{statement.sql.strip()};" for statement in catalog.statements)


def _table(table: Table) -> str:
    lines = [table.name, *(f"  {_column(column)}" for column in table.columns)]
    lines += [f"  primary key ({', '.join(table.primary_key)})"] if table.primary_key else []
    lines += [
        f"  foreign key ({', '.join(key.columns)}) to {key.table} ({', '.join(key.referenced)}), "
        f"on delete {key.on_delete}"
        for key in table.foreign_keys
    ]
    lines += [f"  unique ({', '.join(unique.columns)})" for unique in table.uniques]
    lines += [f"  {check.expression}" for check in table.checks]
    return "\n".join(lines)


def _column(column: Column) -> str:
    parts = [column.name, column.type, "" if column.nullable else "not null"]
    parts.append(f"default {column.default}" if column.default else "")
    parts.append(f"-- {' '.join(column.comment.split())}" if column.comment else "")
    return " ".join(part for part in parts if part)


def _files(assignment: Assignment, failures: Iterable[Receipt], files: Mapping[str, str]) -> Iterator[FileView]:
    """The files of the holes, and those that the failures point at; of each the part that matters."""
    shown: set[str] = set()
    places = [(hole.file, hole.line) for hole in assignment.holes]
    places += [_place(place) for receipt in failures for place in receipt.places]
    for path, line in places:
        if path in files and path not in shown:
            shown.add(path)
            lines = files[path].splitlines()
            first = max(1, min(line - _LINES // 2, len(lines) - _LINES + 1)) if len(lines) > _LINES else 1
            yield FileView(path, "\n".join(lines[first - 1 : first - 1 + _LINES]), first)


def _place(place: str) -> tuple[str, int]:
    path, _, line = place.partition(":")
    number = line.split(":", 1)[0]
    return path, int(number) if number.isdecimal() else 1
