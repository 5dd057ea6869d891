"""Statements, as PostgreSQL's own parser reads them: in the code, and as the server was sent them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from pglast import ast as tree
from pglast.parser import ParseError, parse_sql

from agent.checklist.case import Case, Owing
from agent.checklist.observing.observed import Asked
from agent.checklist.pasting import shown
from agent.receipts import Receipt

RULES: Mapping[str, str] = {
    "DBQ-STAR": "observing: statements in the code and at the server, read by PostgreSQL's parser",
    "DBQ-PARAM": "observing: values of requests searched in the text of the statements that they led to",
}

_LOGGED = """psql -c "ALTER SYSTEM SET log_statement = 'all'" -c 'SELECT pg_reload_conf()'"""
_SHOWN = 200
_VALUES = ("ival", "fval", "sval", "bsval", "boolval")
_TESTS = ("tests/", "test/", "migrations/", "alembic/")


def judge_star(case: Case, owing: Owing, asked: Sequence[Asked]) -> Iterator[Receipt]:
    """Whether any statement reads all columns, whatever they are."""
    sent = {one.text for exchange in asked for one in exchange.queries}
    problems = {f"sent to the server: {_short(text)}": "" for text in sorted(sent) if reads_all_columns(text)}
    for place, text in texts_in(case.workspace.read()):
        if reads_all_columns(text):
            problems[f"{place}: {_short(text)}"] = place
    places = [place for place in problems.values() if place]
    yield from owing.judge(
        "DBQ-STAR",
        list(problems),
        ran=f"{len(sent)} different statements sent to the server, and those in the code",
        found="every statement names its columns",
        reproduce=shown([f"{place}: " for place in places], _LOGGED),
        places=places,
    )


def judge_parameters(owing: Owing, sent: Iterable[tuple[Asked, Sequence[str], str]]) -> Iterator[Receipt]:
    """Whether a sent value became part of a statement's text; each with the request's values and how to repeat it."""
    everything = list(sent)
    ran = f"values of {len(everything)} requests searched in the statements that they led to"
    if not any(statement.bound for asked, _, _ in everything for statement in asked.queries):
        why = "no statement came with its values beside it: the driver may put them into the text itself"
        yield from owing.leave("DBQ-PARAM", why, ran=ran)
        return
    problems: dict[str, str] = {}
    for asked, values, reproduce in everything:
        for statement in asked.queries:
            for value in values:
                if value in statement.text and any(value in constant for constant in constants(statement.text)):
                    what = f"{asked.method} {asked.path}: the value {value!r} stands in the text of a statement"
                    problems.setdefault(f"{what}: {_short(statement.text)}", reproduce)
    yield from owing.judge(
        "DBQ-PARAM",
        list(problems),
        ran=ran,
        found="values travel beside the statements",
        reproduce=next(iter(problems.values()), ""),
    )


@lru_cache(maxsize=4096)
def reads_all_columns(text: str) -> bool:
    """True for `SELECT *`, `SELECT t.*` and `RETURNING *`, at any depth; `count(*)` is none of these."""
    if "*" not in text:
        return False
    stars = (node.val for node in _nodes(text) or () if isinstance(node, tree.ResTarget))
    columns = [value.fields or () for value in stars if isinstance(value, tree.ColumnRef)]
    return any(isinstance(names[-1], tree.A_Star) for names in columns if names)


@lru_cache(maxsize=4096)
def constants(text: str) -> tuple[str, ...]:
    """The constants of a statement as text; the whole statement where the parser refuses it."""
    nodes = _nodes(text)
    if nodes is None:
        return (text,)
    values = (node.val for node in nodes if isinstance(node, tree.A_Const) and not node.isnull)
    return tuple(str(getattr(value, name)) for value in values for name in _VALUES if hasattr(value, name))


def _nodes(text: str) -> list[object] | None:
    """Every node of a statement's tree, None when it is no SQL."""
    found: list[object] = []
    try:
        waiting: list[object] = [*parse_sql(text)]
    except (ParseError, RecursionError):
        return None
    while waiting:
        one = waiting.pop()
        if isinstance(one, tree.Node):
            found.append(one)
            waiting += (getattr(one, name) for name in one)
        elif isinstance(one, list | tuple):
            waiting += one
    return found


def texts_in(files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Place and text of what may be a statement in Python code; what is put into a text stands there as a parameter."""
    for path, content in sorted(files.items()):
        if not path.endswith(".py") or path.startswith(_TESTS):
            continue
        try:
            module = ast.parse(content)
        except (SyntaxError, ValueError, RecursionError):
            continue
        parts = {id(part) for node in ast.walk(module) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(module):
            text = _text(node) if id(node) not in parts else None
            if text is not None and "*" in text:
                for candidate in (text, f"{text} things", f"{text} WHERE true"):
                    yield f"{path}:{getattr(node, 'lineno', 0)}", candidate


def _text(node: ast.AST) -> str | None:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(str(one.value) if isinstance(one, ast.Constant) else "things" for one in values)
        case _:
            return None


def _short(text: str) -> str:
    return " ".join(text.split())[:_SHOWN]
