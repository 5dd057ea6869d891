"""Columns in SQL: what is quoted, and what stands between JSON and a column."""

from __future__ import annotations

import pytest

from agent.binding.model import Conversion
from agent.catalog.model import Column
from agent.stacks.python_fastapi.blueprint.columns import python_type, quoted, quoted_table, read, written
from tools.postgres.server import PostgresServer


def column(kind: str, *, array: bool = False, enum: str | None = None) -> Column:
    return Column(
        name="c",
        type=f"{kind}[]" if array else kind,
        base_type=kind,
        nullable=False,
        default=None,
        array=array,
        enum=enum,
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [("title", "title"), ("order", '"order"'), ("Name", '"Name"'), ('a"b', '"a""b"'), ("a b", '"a b"'), ("1a", '"1a"')],
)
def test_only_names_that_need_quotes_get_them(name: str, expected: str) -> None:
    assert quoted(name) == expected


def test_tables_outside_public_keep_their_schema() -> None:
    assert quoted_table("shop.order") == 'shop."order"'


@pytest.mark.parametrize(
    ("kind", "conversion", "reads", "writes", "python"),
    [
        ("numeric", "number", "t.c::float8", "$1::float8", "float"),
        ("numeric", "integer", "t.c::int8", "$1::int8", "int"),
        ("int4", "text", "t.c::text", "$1::text::int4", "str"),
        ("timestamp", "utc", "t.c AT TIME ZONE 'UTC'", "$1::timestamptz AT TIME ZONE 'UTC'", "datetime"),
        ("timestamp", "date", "t.c::date", "$1::date::timestamp", "date"),
        (
            "timestamptz",
            "date",
            "(t.c AT TIME ZONE 'UTC')::date",
            "$1::date::timestamp AT TIME ZONE 'UTC'",
            "date",
        ),
        ("uuid", "", "t.c", "$1", "UUID"),
        ("varchar", "printed uuid", "t.c", "$1::uuid::varchar", "str"),
        ("text", "printed date", "t.c", "$1::date::text", "str"),
    ],
)
def test_conversions(kind: str, conversion: Conversion, reads: str, writes: str, python: str) -> None:
    assert read(column(kind), conversion, "t.c") == reads
    assert written(column(kind), conversion, "$1") == writes
    assert python_type(column(kind), conversion, nullable=False).text == python


def test_arrays_and_enums() -> None:
    assert written(column("int4", array=True), "text", "$1") == "$1::text[]::int4[]"
    assert python_type(column("text", array=True), "", nullable=True).text == "list[str] | None"
    assert python_type(column("mood", enum="mood"), "", nullable=False).text == "str"


@pytest.mark.parametrize("kind", ["int2", "int4", "int8"])
@pytest.mark.parametrize(
    ("sent", "selects"),
    [(5.0, 5), (-3.0, -3), (1.5, None), (1e300, None), (float("nan"), None), (float("inf"), None)],
)
def test_a_number_with_places_is_no_value_of_a_whole_column(
    postgres: PostgresServer, kind: str, sent: float, selects: int | None
) -> None:
    expression = written(column(kind), "whole", "%s")

    with postgres.administer() as connection:
        found = connection.execute(f"SELECT {expression}", [sent]).fetchone()

    assert found == (selects,)
