"""SQL files as pieces: what each statement is for, and where it stands. PostgreSQL's own parser does the splitting."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

from pglast import ast, enums, split
from pglast.parser import ParseError, parse_sql, scan

from agent.errors import CatalogError, Problem


class Purpose(StrEnum):
    """What becomes of a statement; a closed set."""

    DEFINE = "define"
    """Run, and part of the schema. Whatever the parser does not know is here too: the server judges it."""
    CLEAR = "clear"
    """`DROP ... IF EXISTS`: run; part of the schema when it dropped something."""
    SETTING = "setting"
    """Run: later statements are read by it. Kept where they could not be read without."""
    QUERY = "query"
    """Run, not part of the schema."""
    EXTENSION = "extension"
    """Run; left out when the server lacks it and nothing needs it."""
    OPTIONAL = "optional"
    """Run; left out when the server refuses it: a view that was written for another server."""
    SKIP = "skip"
    """Not run: data, owners, grants, roles, transactions, what concerns the server or other databases."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One statement of a file."""

    sql: str
    """As supplied, comments before it included, without the closing semicolon."""
    file: str
    line: int
    """1-based line of its first character."""
    purpose: Purpose
    setting: str = ""
    """The parameter that it sets."""

    @property
    def place(self) -> str:
        """Where its first word stands, comments passed over."""
        return self.place_of(_first_token(self.sql))

    def place_of(self, offset: int) -> str:
        """Where its character number `offset` (0-based) stands: `schema.sql:12`."""
        return f"{self.file}:{self.line + self.sql.count('\n', 0, offset)}"


_COMMAND = re.compile(r"^[ \t]*\\(\S+)[^\n]*$", re.MULTILINE)
_COPIED_ROWS = re.compile(
    r"^copy\b[^\n]*\bfrom\s+stdin\b[^\n]*;[ \t]*$\n((?:^(?!\\\.).*\n)*?)^\\\.[ \t]*$", re.M | re.I
)
_HARMLESS = frozenset(
    ("restrict", "unrestrict", "c", "connect", "echo", "qecho", "warn", "set", "unset", "timing", "pset", "encoding")
    + ("x", "a", "t", "q", "errverbose", "conninfo", ".")
)
_READ_BY = frozenset(
    ("search_path", "check_function_bodies", "standard_conforming_strings", "xmloption")
    + ("timezone", "datestyle", "intervalstyle")
)
"""Parameters that decide how later statements are read. No other setting is carried out."""

_SKIPPED = (
    *(ast.CopyStmt, ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt, ast.TruncateStmt),
    *(ast.RefreshMatViewStmt, ast.TransactionStmt, ast.GrantStmt, ast.GrantRoleStmt, ast.AlterDefaultPrivilegesStmt),
    *(ast.AlterOwnerStmt, ast.CreateRoleStmt, ast.AlterRoleStmt, ast.AlterRoleSetStmt, ast.DropRoleStmt),
    *(ast.DropOwnedStmt, ast.ReassignOwnedStmt, ast.SecLabelStmt, ast.CreatedbStmt, ast.DropdbStmt),
    *(ast.AlterDatabaseStmt, ast.AlterDatabaseSetStmt, ast.AlterSystemStmt, ast.CreateTableSpaceStmt),
    *(ast.DropTableSpaceStmt, ast.VacuumStmt, ast.ClusterStmt, ast.ReindexStmt, ast.CheckPointStmt, ast.ExplainStmt),
    *(ast.ListenStmt, ast.NotifyStmt, ast.UnlistenStmt, ast.LockStmt, ast.DiscardStmt, ast.VariableShowStmt),
    *(ast.CreatePublicationStmt, ast.AlterPublicationStmt, ast.CreateSubscriptionStmt, ast.AlterSubscriptionStmt),
)
_NOT_OF_THE_SCHEMA = (enums.ObjectType.OBJECT_EXTENSION, enums.ObjectType.OBJECT_DATABASE, enums.ObjectType.OBJECT_ROLE)
_BUILT_IN_CALLS = frozenset(("set_config", "setval"))


def split_script(text: str, name: str) -> tuple[Piece, ...]:
    """The statements of a text, in order; `name` stands for the file.

    Raises `CatalogError`, with every problem that can be seen without a server, when it asks for what is never done:
    psql commands, files and programs of the server, several databases.
    """
    if "\0" in text:
        raise CatalogError([Problem(name, "is binary, not SQL text")])
    sql, commands = _without_commands(text)
    problems = [_refused(name, line, command) for line, command in commands if command not in _HARMLESS]
    pieces: list[Piece] = []
    databases: list[str] = []
    line, counted = 1, 0
    for start, end in _spans(sql, name):
        line, counted = line + sql.count("\n", counted, start), start
        node = _parsed(sql[start:end])
        piece = Piece(sql[start:end], name, line, _purpose(node), _setting(node))
        pieces.append(piece)
        problems += _never_done(piece, node)
        databases += [piece.place] if isinstance(node, ast.CreatedbStmt) else []
    if len(databases) > 1:
        problems.append(Problem(databases[1], "a second CREATE DATABASE: supply the statements of one database only"))
    if not pieces and not problems:
        raise CatalogError([Problem(name, "no SQL statement in it")])
    if problems:
        raise CatalogError(problems)
    return tuple(pieces)


def script_text(path: Path) -> str:
    """What a file says. Raises `CatalogError` when it is no text."""
    name = str(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CatalogError([Problem(name, f"cannot be read: {error.strerror}")]) from error
    if content.startswith(b"PGDMP"):
        raise CatalogError([Problem(name, "a dump in PostgreSQL's own format: turn it into SQL with `pg_restore -f`")])
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise CatalogError([Problem(name, "is UTF-16: save it as UTF-8")])
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        place = f"{name}:{content.count(b'\n', 0, error.start) + 1}"
        problem = Problem(place, f"is not UTF-8 (byte 0x{content[error.start]:02x}): save it as UTF-8")
        raise CatalogError([problem]) from error


def _without_commands(text: str) -> tuple[str, list[tuple[int, str]]]:
    """The text with psql's commands and copied rows blanked out, lines kept; line and name of each command."""
    spans = [(match.span(1), "") for match in _COPIED_ROWS.finditer(text)]
    spans += [(match.span(), match[1]) for match in _COMMAND.finditer(text)]
    parts: list[str] = []
    commands: list[tuple[int, str]] = []
    done = 0
    for (start, end), command in sorted(spans):
        # What stands before has to be whole: otherwise this is a part of a string, a comment or a function's body.
        if start >= done and _is_whole(text[done:start]):
            parts += [text[done:start], re.sub(r"[^\n]", " ", text[start:end])]
            commands += [(text.count("\n", 0, start) + 1, command)] if command else []
            done = end
    return "".join(parts) + text[done:], commands


def _is_whole(text: str) -> bool:
    try:
        scan(text)
    except ParseError as error:
        return not str(error.args[0]).startswith("unterminated")
    return True


def _unreadable(error: ParseError, text: str, name: str) -> CatalogError:
    message, offset = str(error.args[0]), error.args[1]
    return CatalogError([Problem(f"{name}:{text.count('\n', 0, offset) + 1}", message.partition("\n")[0])])


def _refused(name: str, line: int, command: str) -> Problem:
    advice = {
        "i": "name that file in the task's list of schema files instead",
        "ir": "name that file in the task's list of schema files instead",
        "include": "name that file in the task's list of schema files instead",
        "copy": "data is not needed here: leave it out",
    }.get(command, "take it out")
    return Problem(f"{name}:{line}", f"psql's \\{command} is never carried out: {advice}")


def _spans(text: str, name: str) -> Iterator[tuple[int, int]]:
    """Start and end of each statement; comments before it included, those on the line of its end left to it."""
    ends = [0]
    for piece in _slices(text, name):
        ends.append(piece.stop)
    for before, end in pairwise(ends):
        closing = re.compile(r"\s*;?(?:[ \t]*--[^\n]*)?").match(text, before)
        start = closing.end() if closing and before else before
        start += len(text[start:end]) - len(text[start:end].lstrip())
        yield start, end


def _slices(text: str, name: str) -> list[slice]:
    try:
        return list(split(text, only_slices=True))
    except ParseError:
        pass  # the scanner splits what the parser refuses, so that the server can say what is wrong
    try:
        return list(split(text, with_parser=False, only_slices=True))
    except ParseError as error:
        raise _unreadable(error, text, name) from error


def _never_done(piece: Piece, node: ast.Node | None) -> list[Problem]:
    if isinstance(node, ast.CopyStmt) and (node.is_program or node.filename):
        what = "a program" if node.is_program else "a file"
        return [Problem(piece.place, f"COPY with {what} of the server is never carried out: leave it out")]
    if isinstance(node, ast.TransactionStmt) and node.kind == enums.TransactionStmtKind.TRANS_STMT_ROLLBACK:
        return [Problem(piece.place, "ROLLBACK takes back what the file defines: leave it out")]
    return []


def _parsed(sql: str) -> ast.Node | None:
    try:
        statements = parse_sql(sql)
    except ParseError:
        return None
    return statements[0].stmt if len(statements) == 1 else None


def _purpose(node: ast.Node | None) -> Purpose:
    if isinstance(node, _SKIPPED) or _of_alembic(node):
        return Purpose.SKIP
    match node:
        case ast.VariableSetStmt():
            return Purpose.SETTING if (node.name or "").lower() in _READ_BY else Purpose.SKIP
        case ast.SelectStmt():
            return _purpose_of_select(node)
        case ast.CreateExtensionStmt():
            return Purpose.SKIP if node.extname == "plpgsql" else Purpose.EXTENSION
        case ast.AlterExtensionStmt() | ast.AlterExtensionContentsStmt():
            return Purpose.SKIP
        case ast.DropStmt():
            return Purpose.CLEAR if node.missing_ok else Purpose.DEFINE
        case ast.CommentStmt():
            return Purpose.SKIP if node.objtype in _NOT_OF_THE_SCHEMA else Purpose.DEFINE
        case ast.CreateSchemaStmt():
            return Purpose.SKIP if node.schemaname == "public" and not node.schemaElts else Purpose.DEFINE
        case ast.AlterTableStmt():
            owners = (command.subtype == enums.AlterTableType.AT_ChangeOwner for command in node.cmds or ())
            return Purpose.SKIP if all(owners) else Purpose.DEFINE
        case _:
            return Purpose.DEFINE


def _of_alembic(node: ast.Node | None) -> bool:
    """About Alembic's own table, which a migration makes by itself."""
    relation = getattr(node, "relation", None)
    return isinstance(relation, ast.RangeVar) and relation.relname == "alembic_version"


def _purpose_of_select(node: ast.SelectStmt) -> Purpose:
    """A query defines something only through a function that it calls."""
    if node.intoClause is not None:
        return Purpose.DEFINE
    calls = [target.val for target in node.targetList or () if isinstance(target.val, ast.FuncCall)]
    names = {_function(call) for call in calls}
    if "set_config" in names:
        return Purpose.SETTING if _setting(node) in _READ_BY else Purpose.SKIP
    return Purpose.DEFINE if names - _BUILT_IN_CALLS else Purpose.QUERY


def _function(call: ast.FuncCall) -> str:
    return str(call.funcname[-1].sval) if call.funcname else ""


def _setting(node: ast.Node | None) -> str:
    if isinstance(node, ast.VariableSetStmt):
        return str(node.name or "").lower()
    if isinstance(node, ast.SelectStmt):
        for target in node.targetList or ():
            call = target.val
            if isinstance(call, ast.FuncCall) and _function(call) == "set_config" and call.args:
                first = call.args[0]
                if isinstance(first, ast.A_Const) and isinstance(first.val, ast.String):
                    return str(first.val.sval).lower()
    return ""


def _first_token(sql: str) -> int:
    try:
        tokens = scan(sql)
    except ParseError:
        return 0
    return next((token.start for token in tokens if token.name not in ("SQL_COMMENT", "C_COMMENT")), 0)
