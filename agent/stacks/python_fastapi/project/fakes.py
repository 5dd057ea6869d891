"""`tests/unit/fakes.py`: repositories that live in memory, and rows for them."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from agent.binding.words import snake
from agent.catalog.model import Table
from agent.stacks.python_fastapi.project.code_model import Argument, CodeClass, CodeMethod
from agent.stacks.python_fastapi.project.rendering import render
from agent.stacks.python_fastapi.project.shape import Shape
from agent.stacks.python_fastapi.project.source import literal

_ROW = re.compile(r"\b\w+Row\b")
_CREDENTIALS = re.compile(r"(\w+Credentials) \| None")


@dataclass(frozen=True)
class Fake:
    """A repository in memory."""

    name: str
    base: str
    module: str
    row: str
    """Class of its rows; empty for a repository that has none."""
    row_module: str
    maker: str
    """Function that makes a row: `a_book`."""
    fields: tuple[tuple[str, str], ...]
    """Field of the row → its value."""
    methods: tuple[tuple[CodeMethod, str], ...]
    """Method and the one line it consists of."""
    credentials: CodeClass | None = None
    """What it finds of somebody who signs in; None when nobody can."""

    @property
    def tells(self) -> bool:
        """Whether it only tells that there are rows."""
        return not self.row and any(method.returns == "bool" for method, _ in self.methods)

    @property
    def lists(self) -> bool:
        """Whether it reads rows by the page."""
        return any(one.name == "limit" for method, _ in self.methods for one in method.arguments)


def fakes_of(shape: Shape, repositories: Mapping[str, CodeClass], rows: Mapping[str, CodeClass]) -> Mapping[str, Fake]:
    """Repository class → its fake."""
    return {name: _fake(shape, one, rows) for name, one in repositories.items() if name.endswith("Repository")}


def fakes_file(
    fakes: Mapping[str, Fake],
    repositories: Mapping[str, CodeClass],
    *,
    limits: bool,
    sessions: bool,
    transactions: bool,
) -> str:
    """The text of `tests/unit/fakes.py`; with sessions and transactions that nobody keeps, where services need some.

    `limits`: lists remember how many rows were asked for.
    """
    used = list(fakes.values())
    signatures = "\n".join(f"{method.signature} {method.returns}" for one in used for method, _ in one.methods)
    wanted = set(re.findall(r"[A-Za-z_]\w*", signatures)) | {one.row for one in used}
    imports = {
        f"from {module} import {name}"
        for base in fakes
        for name, module in repositories[base].imports.items()
        if name in wanted and name != base
    }
    imports |= {f"from {one.module} import {one.base}" for one in used}
    imports |= {f"from {one.row_module} import {one.row}" for one in used if one.row}
    if sessions:
        imports |= {
            "from src.core.security import Caller, TokenIssuer, Tokens",
            "from src.core.sessions import Sessions",
        }
    return render(
        "tests/fakes.py.jinja",
        fakes=used,
        imports=sorted(imports),
        limits=limits,
        sessions=sessions,
        transactions=transactions,
    )


def _fake(shape: Shape, repository: CodeClass, rows: Mapping[str, CodeClass]) -> Fake:
    row = _row_of(repository, rows)
    table = _table_of(shape, repository)
    stem = repository.name.removesuffix("Repository")
    methods = [one for one in repository.methods.values() if not one.name.startswith("_") and one.is_async]
    return Fake(
        name=f"Fake{stem}s",
        base=repository.name,
        module=repository.module,
        row=row.name if row else "",
        row_module=row.module if row else "",
        maker=f"a_{snake(stem)}",
        fields=tuple((field.name, value_for(shape, table, field)) for field in row.fields) if row else (),
        methods=tuple((method, _line(shape, method, row.name if row else "", rows)) for method in methods),
        credentials=_credentials_of(repository, rows),
    )


def _row_of(repository: CodeClass, rows: Mapping[str, CodeClass]) -> CodeClass | None:
    stem = repository.name.removesuffix("Repository")
    if f"{stem}Row" in rows:
        return rows[f"{stem}Row"]
    named = [name for method in repository.methods.values() for name in _ROW.findall(method.returns)]
    return next((rows[name] for name in named if name in rows), None)


def _credentials_of(repository: CodeClass, rows: Mapping[str, CodeClass]) -> CodeClass | None:
    found = (_CREDENTIALS.fullmatch(method.returns) for method in repository.methods.values())
    return next((rows[one[1]] for one in found if one and one[1] in rows), None)


def _table_of(shape: Shape, repository: CodeClass) -> Table | None:
    module = repository.module.rsplit(".", 1)[-1]
    return next((table for table in shape.catalog.tables if snake(table.name) == module), None)


def _line(shape: Shape, method: CodeMethod, row: str, rows: Mapping[str, CodeClass]) -> str:
    """What the method does in memory."""
    known, returns = bool(row), method.returns
    writes = method.name.startswith(("change", "delete"))
    if known and returns == f"tuple[list[{row}], int]":
        return "return self.rows, len(self.rows)"
    if known and returns in (f"list[{row}]", f"Sequence[{row}]"):
        return "return self.rows"
    if known and returns == f"{row} | None":
        return f"return next(iter(self.rows), None){' if not self.vanishing else None' * writes}"
    if known and returns == row:
        return "return self.rows[0]"
    if _CREDENTIALS.fullmatch(returns):
        return "return self.credentials"
    if returns == "bool":
        return f"return bool(self.rows){' and not self.vanishing' * writes}"
    if returns.startswith(("list[", "Sequence[")):
        return "return []"
    if returns.endswith("None"):
        return "return None"
    if returns.startswith("tuple[list["):
        return "return [], 0"
    if returns in rows:
        fields = ", ".join(f"{field.name}={value_for(shape, None, field)}" for field in rows[returns].fields)
        return f"return {returns}({fields})"
    return f"return {by_annotation(Argument(method.name, returns))}"


def value_for(shape: Shape, table: Table | None, argument: Argument) -> str:
    """An expression for a field or parameter of this annotation."""
    column = table.column(argument.name) if table else None
    if "None" in argument.annotation.split(" | "):
        return "None"
    value = shape.values.of_column(table, column, 1) if table and column else None
    if argument.annotation == "str" and column and column.base_type == "numeric" and isinstance(value, int | float):
        value = f"{Decimal(str(value)):.{column.numeric_scale or 0}f}"
    return by_annotation(argument, value)


_CONSTANTS = {
    "date": "date(2024, 1, 2)",
    "datetime": "datetime(2024, 1, 2, 12, tzinfo=UTC)",
    "time": "time(12)",
    "timedelta": "timedelta(hours=1)",
    "bytes": 'b"bytes"',
}


def by_annotation(argument: Argument, value: Any = None) -> str:
    """The expression of a value of the annotated type; `value` is used where it fits."""
    words = argument.name.replace("_", " ").capitalize()
    match argument.annotation:
        case "str":
            return literal(value if isinstance(value, str) else f"{words} 1")
        case "int":
            return str(value) if isinstance(value, int) else "1"
        case "float":
            return str(float(value)) if isinstance(value, int | float) else "1.0"
        case "bool":
            return str(value) if isinstance(value, bool) else "True"
        case "UUID":
            return f"UUID({literal(_uuid(argument.name))})"
        case "Decimal":
            return f'Decimal("{value if isinstance(value, int | float) else 1}")'
    if argument.annotation.startswith(("list[", "Sequence[")):
        return "[]"
    if argument.annotation.startswith("Literal["):
        choices = ast.literal_eval(f"[{argument.annotation.removeprefix('Literal[').removesuffix(']')}]")
        return literal(value if value in choices else choices[0])
    return _CONSTANTS.get(argument.annotation, "()" if argument.annotation.startswith("tuple[") else "{}")


def _uuid(name: str) -> str:
    """A UUID that tells fields apart: made of the name's length and first letter."""
    return f"00000000-0000-4000-8000-{(len(name) << 8) + ord(name[0]):012x}"
