"""Where the operations and tables of the diagram stand. Lengths are those of the drawing's own units."""

from __future__ import annotations

from dataclasses import dataclass

from agent.delivery.service_map import MappedTable, ServiceMap

WIDTH = 720
MOST_ROWS = 150
"""Operations or tables beyond which a drawing says nothing any more."""
_ROW, _TOP = 22, 12
_OPERATIONS_END, _TABLES_BEGIN, _TABLES_END = 330, 420, 620
_LETTERS = 44
_TABLE_LETTERS = 24


@dataclass(frozen=True, slots=True)
class Label:
    """A name at its place."""

    y: float
    text: str
    whole: str
    """The name when it was too long."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A way between two names, as the path data of SVG."""

    path: str
    told: str
    first: bool = True
    """It leads to the table that the operation is about."""


@dataclass(frozen=True, slots=True)
class Diagram:
    """The whole drawing."""

    operations: tuple[Label, ...]
    tables: tuple[Label, ...]
    uses: tuple[Line, ...]
    references: tuple[Line, ...]
    height: float
    width: float = WIDTH
    operations_end: float = _OPERATIONS_END
    tables_begin: float = _TABLES_BEGIN
    tables_width: float = _TABLES_END - _TABLES_BEGIN
    row: float = _ROW


def diagram(service: ServiceMap) -> Diagram | None:
    """Operations beside the tables that they work on; None when there is nothing to draw, or far too much."""
    rows = max(len(service.operations), len(service.tables))
    if not service.operations or not service.tables or rows > MOST_ROWS:
        return None
    places = _places(rows, len(service.operations))
    operations = tuple(
        Label(y, _short(one.operation, _LETTERS), one.operation, one.does)
        for y, one in zip(places, service.operations, strict=True)
    )
    at = dict(zip((one.name for one in service.tables), _places(rows, len(service.tables)), strict=True))
    tables = tuple(
        Label(at[one.name], _short(one.name, _TABLE_LETTERS), one.name, f"{one.columns}") for one in service.tables
    )
    return Diagram(
        operations, tables, _uses(service, places, at), _references(service.tables, at), 2 * _TOP + rows * _ROW
    )


def _places(rows: int, count: int) -> list[float]:
    """The middles of so many names, spread over the height of all rows."""
    step = rows * _ROW / count
    return [round(_TOP + step * (number + 0.5), 1) for number in range(count)]


def _uses(service: ServiceMap, places: list[float], at: dict[str, float]) -> tuple[Line, ...]:
    begin, end = _OPERATIONS_END + 6, _TABLES_BEGIN
    bend = (begin + end) / 2
    return tuple(
        Line(
            f"M{begin} {y} C{bend} {y} {bend} {at[name]} {end} {at[name]}",
            f"{one.operation}: {name}",
            first=number == 0,
        )
        for y, one in zip(places, service.operations, strict=True)
        for number, name in enumerate(one.tables)
        if name in at
    )


def _references(tables: tuple[MappedTable, ...], at: dict[str, float]) -> tuple[Line, ...]:
    return tuple(
        Line(_bow(at[table.name], at[name]), f"{table.name} refers to {name}")
        for table in tables
        for name in table.references
        if name in at
    )


def _bow(begin: float, end: float) -> str:
    """From the right of one table round to that of another, ending above its middle, to tell ends from starts."""
    out = _TABLES_END + min(80, 24 + abs(end - begin) / 3)
    return f"M{_TABLES_END} {begin} C{out} {begin} {out} {end - 5} {_TABLES_END} {end - 5}"


def _short(name: str, letters: int) -> str:
    return name if len(name) <= letters else f"{name[: letters - 1]}…"
