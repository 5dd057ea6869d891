from __future__ import annotations

from typing import Any

import pytest

from agent.catalog.loading import load_catalog_from_text
from agent.stacks.python_fastapi.project.columns import column_schema, ordered_columns, table_checks
from tools.postgres.server import PostgresServer

DDL = """
CREATE TYPE size AS ENUM ('small', 'large');
CREATE TABLE parcels (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    code varchar(20) NOT NULL CHECK (code ~ '^[A-Z]{3}$'),
    name text NOT NULL CHECK (char_length(btrim(name)) >= 3 AND length(name) < 10),
    weight smallint NOT NULL CHECK (weight BETWEEN 1 AND 40),
    price numeric(8, 2) NOT NULL CHECK (0 < price),
    state varchar(10) NOT NULL CHECK (state IN ('new', 'sent')),
    size size NOT NULL,
    country char(2) NOT NULL,
    packed_at timestamptz,
    sent_at timestamptz CHECK (sent_at IS NULL OR packed_at IS NOT NULL),
    opened_at timestamptz,
    CHECK (opened_at > packed_at)
);
"""


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("code", {"type": "string", "maxLength": 20, "pattern": "^[A-Z]{3}$"}),
        ("name", {"type": "string", "minLength": 3, "maxLength": 9}),
        ("weight", {"type": "integer", "minimum": 1, "maximum": 40}),
        ("price", {"type": "number", "minimum": 0, "exclusiveMinimum": 0, "maximum": 999_999}),
        ("state", {"type": "string", "maxLength": 10, "enum": ["new", "sent"]}),
        ("size", {"type": "string", "enum": ["small", "large"]}),
        ("country", {"type": "string", "minLength": 2, "maxLength": 2}),
        ("sent_at", {"type": "string", "format": "date-time"}),
    ],
)
def test_types_and_checks_tell_what_a_column_takes(
    postgres: PostgresServer, column: str, expected: dict[str, Any]
) -> None:
    catalog = load_catalog_from_text(postgres, DDL, "parcels.sql")
    table = catalog.tables[0]
    found = table.column(column)
    assert found is not None
    assert column_schema(catalog, table, found) == expected


def test_checks_between_columns_give_their_order(postgres: PostgresServer) -> None:
    table = load_catalog_from_text(postgres, DDL, "parcels.sql").tables[0]
    assert ordered_columns(table) == (("packed_at", "opened_at"),)
    assert not [name for name, _, _ in table_checks(table) if name in ("sent_at", "opened_at")]
