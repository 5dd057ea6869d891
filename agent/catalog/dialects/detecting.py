"""Which dialect a schema is written in, as far as its words say so."""

from __future__ import annotations

import re
from typing import Literal

Dialect = Literal["mysql", "sqlite"]

NAMES: dict[Dialect, str] = {"mysql": "MySQL", "sqlite": "SQLite"}

_TEXTS = re.compile(r"'(?:[^'\\]|\\.|'')*'|--[^\n]*|/\*(?!!).*?\*/", re.DOTALL)
_POSTGRES = re.compile(
    r"\$\$|::|\b(?:bigserial|smallserial|timestamptz|jsonb|bytea|plpgsql|nextval|citext|tsvector|inet)\b"
    r"|\bwith(?:out)?\s+time\s+zone\b|\bcreate\s+(?:extension|domain|type)\b|\busing\s+gin\b",
    re.IGNORECASE,
)
_SQL_SERVER = re.compile(r"\bidentity\s*\(\s*\d|\[dbo\]|\buniqueidentifier\b|^\s*go\s*$", re.IGNORECASE | re.MULTILINE)
_SQLITE = re.compile(
    r"\bautoincrement\b|^\s*pragma\b|\bwithout\s+rowid\b|\)\s*strict\s*;|\bcollate\s+nocase\b|\brandomblob\s*\("
    r"|\b(?:datetime|date|strftime)\s*\(\s*'|\bcreate\s+table\s+(?:if\s+not\s+exists\s+)?\[",
    re.IGNORECASE | re.MULTILINE,
)
_MYSQL = re.compile(
    r"/\*!\d|\bauto_increment\b|\bengine\s*=|\bunsigned\b|\b(?:tiny|medium)int\b|\b(?:tiny|medium|long)(?:text|blob)\b"
    r"|\bcharset\b|\bcharacter\s+set\b|\bon\s+update\s+current_timestamp\b|\benum\s*\(\s*'|^\s*delimiter\b"
    r"|\b(?:unique|fulltext)\s+key\b|^\s*key\s+\S+\s*\(",
    re.IGNORECASE | re.MULTILINE,
)
_ROW_ID = re.compile(r"\binteger\s+(?:not\s+null\s+)?primary\s+key\b", re.IGNORECASE)
_FOREIGN = re.compile(r"`|\bdatetime\b|\bdouble\b(?!\s+precision)|\bnvarchar\b", re.IGNORECASE)
"""What PostgreSQL does not know, and two others do."""


def dialect_of(text: str) -> Dialect | None:
    """The dialect, None for PostgreSQL's own and for those that are not translated. Texts and comments do not count."""
    words = _TEXTS.sub(lambda found: "''" if found[0].startswith("'") else " ", text)
    if _POSTGRES.search(words) or _SQL_SERVER.search(words):
        return None
    if _SQLITE.search(words):
        return "sqlite"
    if _MYSQL.search(words):
        return "mysql"
    if _FOREIGN.search(words):
        return "sqlite" if _ROW_ID.search(words) else "mysql"
    return None
