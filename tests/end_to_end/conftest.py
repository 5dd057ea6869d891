"""What the whole runs share."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator

import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier, Literal

from tools.postgres.server import PostgresServer


@pytest.fixture(scope="session")
def server_address(postgres: PostgresServer) -> Iterator[str]:
    """The session's server as `AGENT_POSTGRES_DSN` names one: commands need not start their own."""
    given = os.environ.get("AGENT_POSTGRES_DSN")
    if given:
        yield given
        return
    role, password = f"tests_{secrets.token_hex(4)}", secrets.token_hex(16)
    with postgres.administer() as connection:
        connection.execute(
            SQL("CREATE ROLE {} SUPERUSER LOGIN PASSWORD {}").format(Identifier(role), Literal(password))
        )
        host = str(postgres.socket_folder)
        yield make_conninfo(host=host, port=5432, user=role, password=password, dbname="postgres")
