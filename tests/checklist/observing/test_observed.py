"""Which statements count as a service's own, and which are a driver's or a pool's."""

from __future__ import annotations

import pytest

from agent.checklist.observing.observed import is_query


@pytest.mark.parametrize(
    "text",
    [
        "SELECT id, title FROM books",
        "  (SELECT 1)",
        "SELECT id FROM books WHERE tenant_id = current_setting('app.tenant')::uuid",
        "UPDATE books SET tenant_id = current_setting('app.tenant')::uuid",
        "INSERT INTO books (title) VALUES ($1) RETURNING id",
    ],
)
def test_what_a_service_asks_is_a_query(text: str) -> None:
    assert is_query(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "BEGIN;",
        "COMMIT",
        "SET LOCAL statement_timeout = 5000",
        "SELECT t.oid FROM pg_catalog.pg_type AS t",
        "\n SELECT\n current_setting('jit') AS cur,\n set_config('jit', 'off', false) AS new",
        "\n SELECT\n set_config('jit', $1, false)",
    ],
)
def test_what_a_driver_asks_on_a_fresh_connection_is_none(text: str) -> None:
    assert not is_query(text)
