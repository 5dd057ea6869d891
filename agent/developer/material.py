"""What is shown of a project to a model that writes one function without tools: little, as small models read slowly."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Collection, Iterator, Mapping

from agent.catalog.model import Catalog, Table
from agent.developer.viewing import Background, describe_tables
from agent.stacks.base import Stack
from prompts.rendering import AssignmentView, FileView, FillingView, HoleView
from tools.outlining import methods, outline, outline_of

_OUTLINES = 6
_CHARACTERS = 3_000
"""Of one outline."""
_SHORT = 1_500
"""Characters of an outline that is shown whole."""
_EXAMPLE = 15
"""Lines, at most, of the function that is shown as an example."""
_MANNER = "self._database."
"""With which a function asks the database itself; where a class can, nothing else has to be known of the project."""
_TABLES = 5
_ALLOWED = re.compile(r"\((\w+) = ANY \(+ARRAY\[(.+?)\]")
_TYPES = {"timestamp with time zone": "timestamptz", "character varying": "text"}
_UNSAID = re.compile(r"^Not derived from the contract .*", re.DOTALL | re.MULTILINE)


def views(
    background: Background, shown: AssignmentView, files: Mapping[str, str], stack: Stack
) -> Iterator[FillingView]:
    """What is shown for each function that an assignment leaves to be written."""
    unwritten = {hole.name.rpartition(".")[2] for hole in stack.open_holes(files)}
    for hole in shown.holes:
        text = files.get(hole.file, "")
        alone = _asks_itself(hole, text)
        types = named_types(hole.source, text, files) if alone else ""
        whole = "" if alone else describe_tables(background, (hole.operation,))
        yield FillingView(
            hole=hole,
            stack=stack.name if alone else "",
            head=head_of(hole.source),
            within=hole.name.split(".")[-2],
            description="" if alone else background.description,
            beside=written_beside(hole, files, unwritten, having=_MANNER if alone else "raise "),
            around=() if alone else surroundings(hole, files),
            types=types,
            tables=whole or describe_briefly(background.catalog, f"{hole.operation} {hole.source} {types}"),
        )


def _asks_itself(hole: HoleView, text: str) -> bool:
    """Whether the function's class has the database at hand."""
    within = hole.name.split(".")[-2]
    found = re.search(rf"^class {re.escape(within)}\b.*?(?=^class |\Z)", text, re.MULTILINE | re.DOTALL)
    return bool(found and re.search(r"self\._database\b", found[0]))


def head_of(source: str) -> str:
    """The signature below what the docstring says, as comments: a docstring would be written out once more.

    Without why nobody wrote it. Empty where it says nothing: then there is only the source to show.
    """
    text = textwrap.dedent(source)
    try:
        found = next(one for one in ast.parse(text).body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
    except (SyntaxError, ValueError, RecursionError, StopIteration):
        return ""
    said = _UNSAID.sub("", ast.get_docstring(found) or "").strip().splitlines()
    signature = text.splitlines()[: found.body[0].lineno - 1]
    return "\n".join([*(f"# {line}".rstrip() for line in said), *signature]) if said else ""


def named_types(source: str, text: str, files: Mapping[str, str]) -> str:
    """The project's classes that the function takes or gives, and those that they hold."""
    shown = []
    for path, names in _imported(text, files).items():
        wanted = [name for name in names if re.search(rf"\b{re.escape(name)}\b", source.partition('"""')[0])]
        shown += [outline_of(files[path], wanted)[:_CHARACTERS]] if wanted else []
    return re.sub(r"Strict(Int|Str|Float|Bool)", lambda found: found[1].lower(), "\n".join(shown))


def describe_briefly(catalog: Catalog, words: str) -> str:
    """The tables that these words are about and what those refer to, a line each; all where that is not known."""
    near = [table for table in catalog.tables if _is_meant(table, words)]
    referred = {key.table for table in near for key in table.foreign_keys}
    chosen = [table for table in catalog.tables if table in near or table.name in referred] or list(catalog.tables)
    used = {column.enum for table in chosen for column in table.columns}
    enums = [f"enum {one.name}: {', '.join(one.values)}" for one in catalog.enums if one.name in used]
    return "\n".join([*map(_line, chosen[:_TABLES]), *enums])


def _is_meant(table: Table, words: str) -> bool:
    bare = table.name.rpartition(".")[2]
    one = re.sub(r"ie$", "y", bare.removesuffix("s"))
    return bool(re.search(rf"(?<![a-z]){re.escape(bare)}|(?<![a-z]){re.escape(one)}(?![a-z])", words, re.IGNORECASE))


def _line(table: Table) -> str:
    keys = {key.columns[0]: key.table for key in table.foreign_keys if len(key.columns) == 1}
    allowed = dict(found for check in table.checks for found in _ALLOWED.findall(check.expression))
    parts = []
    for column in table.columns:
        kind = _TYPES.get(column.type, re.sub(r"^character varying\(\d+\)", "text", column.type))
        values = re.findall(r"'([^']*)'", allowed.get(column.name, ""))
        parts.append(
            f"{column.name} {kind}"
            + (f" ({' | '.join(map(repr, values))})" if values else "")
            + (f" of {keys[column.name]}" if column.name in keys else "")
            + (" or NULL" if column.nullable else "")
        )
    return f"{table.name}({', '.join(parts)})"


def surroundings(hole: HoleView, files: Mapping[str, str]) -> tuple[FileView, ...]:
    """The function's own file in short, and what it imports of the project's other files.

    Of a short file all is shown: errors that the function may raise are mostly not imported yet.
    """
    text = files.get(hole.file, "")
    head = "\n".join(line for line in text.splitlines() if line.startswith(("from ", "import ")))
    shown = {hole.file: f"{head}\n{outline(text)}"[:_CHARACTERS]} if text else {}
    for path, names in list(_imported(text, files).items())[: _OUTLINES - 1]:
        public = outline_of(files[path])
        shown[path] = (public if len(public) < _SHORT else outline_of(files[path], names))[:_CHARACTERS]
    return tuple(FileView(path, short) for path, short in shown.items())


def _imported(text: str, files: Mapping[str, str]) -> dict[str, list[str]]:
    """Path of each project file that is imported from → the names."""
    try:
        lines = [node for node in ast.parse(text).body if isinstance(node, ast.ImportFrom)]
    except (SyntaxError, ValueError, RecursionError):
        return {}
    found: dict[str, list[str]] = {}
    for node in lines:
        found.setdefault(f"{(node.module or '').replace('.', '/')}.py", []).extend(name.name for name in node.names)
    return {path: names for path, names in found.items() if path in files}


def written_beside(
    hole: HoleView, files: Mapping[str, str], unwritten: Collection[str], *, having: str = "raise "
) -> str:
    """A short function of the same file, else of one beside it, that is written already and has this in it."""
    folder = hole.file.rpartition("/")[0]
    others = (path for path in sorted(files) if path.rpartition("/")[0] == folder and path != hole.file)
    for path in (hole.file, *others):
        for name, source in methods(files.get(path, "")):
            if name not in unwritten and having in source and len(source.splitlines()) <= _EXAMPLE:
                return source
    return ""
