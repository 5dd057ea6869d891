"""What to do about a statement that the server refuses."""

from __future__ import annotations

import re

from psycopg import Error, errors

_MYSQL = re.compile(
    r"`|\bauto_increment\b|\bengine\s*=|\bunsigned\b|\btinyint\b|\bdatetime\b|\bcharset\b", re.IGNORECASE
)
_SQLITE = re.compile(r"\bautoincrement\b|\bpragma\b", re.IGNORECASE)
_SQL_SERVER = re.compile(
    r"\bnvarchar\b|\buniqueidentifier\b|\bidentity\s*\(\d|\[dbo\]|^\s*go\s*$", re.IGNORECASE | re.M
)
_SYNTAX_OR_NAME = "42"
"""Class of SQLSTATE: syntax errors and unknown names."""
_STARTS = re.compile(r"(create|alter|drop|comment|insert|set)\b", re.IGNORECASE)
_EXTENSION_OF = {
    "uuid_generate_v4": "uuid-ossp",
    "uuid_generate_v1": "uuid-ossp",
    "crypt": "pgcrypto",
    "gen_salt": "pgcrypto",
    "digest": "pgcrypto",
    "gen_random_bytes": "pgcrypto",
}


def hint_for(error: Error, sql: str, available: tuple[str, ...]) -> str:
    """A remedy in one sentence, empty when none is known. `available` are the extensions that the server has."""
    dialect = _dialect(sql)
    if dialect and (error.sqlstate or "").startswith(_SYNTAX_OR_NAME):
        return f"this is {dialect}'s dialect; PostgreSQL's is needed"
    match error:
        case errors.FeatureNotSupported() if "is not available" in str(error):
            return _without_extension(available)
        case errors.UndefinedFunction():
            return _without_function(str(error))
        case errors.SyntaxError():
            return _after_syntax_error(error, sql)
        case errors.ActiveSqlTransaction():
            return "a migration is one transaction: leave out CONCURRENTLY"
        case errors.InsufficientPrivilege():
            return "the schema is loaded by an ordinary owner of a database, never by a superuser"
        case errors.QueryCanceled():
            return "a statement may take a minute"
        case _:
            return error.diag.message_hint or ""


def _dialect(sql: str) -> str:
    for name, marks in (("MySQL", _MYSQL), ("SQLite", _SQLITE), ("SQL Server", _SQL_SERVER)):
        if marks.search(sql):
            return name
    return ""


def _without_extension(available: tuple[str, ...]) -> str:
    return (
        f"this server has {', '.join(available)}; gen_random_uuid() is built in and needs no extension; "
        "AGENT_POSTGRES_DSN can name a server that has more"
    )


def _without_function(message: str) -> str:
    called = re.search(r"function (?:\w+\.)?(\w+)\(", message)
    extension = _EXTENSION_OF.get(called[1]) if called else None
    if extension == "uuid-ossp":
        return "use gen_random_uuid(), which is built in, in place of the extension uuid-ossp"
    return f"it belongs to the extension {extension}" if extension else ""


def _after_syntax_error(error: Error, sql: str) -> str:
    position = error.diag.statement_position
    if position is None:
        return ""
    offset = int(position) - 1
    if sql[offset : offset + 1] == "\\":
        return "psql's commands are not SQL: leave them out"
    line_start = sql.rfind("\n", 0, offset) + 1
    if offset and not sql[line_start:offset].strip() and _STARTS.match(sql, offset):
        return "is a semicolon missing before it?"
    return ""
