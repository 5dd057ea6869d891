"""What a server of others must grant and refuse before runs are let onto it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from tools.errors import ServerUnavailable
from tools.postgres.binaries import OLDEST
from tools.postgres.forwarding import SOCKET, Address, forwarding


def check_powers(connection: psycopg.Connection) -> None:
    """Raise `ServerUnavailable` when the server is too old, or the role may not make databases and roles."""
    version = connection.info.server_version
    if version < OLDEST * 10_000:
        raise ServerUnavailable(
            f"AGENT_POSTGRES_DSN is a PostgreSQL {version // 10_000}; version {OLDEST} or newer is needed."
        )
    powers = connection.execute(
        "SELECT rolname, rolsuper OR rolcreatedb, rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    assert powers is not None
    name, databases, roles = powers
    lacking = [power for power, granted in (("CREATEDB", databases), ("CREATEROLE", roles)) if not granted]
    if lacking:
        raise ServerUnavailable(
            f"The role {name} of AGENT_POSTGRES_DSN must be allowed to make databases and roles: "
            f'ALTER ROLE "{name}" {" ".join(lacking)};'
        )


def way_to(address: Address, dsn: str, stack: ExitStack) -> Path:
    """A folder whose socket leads to this server alone; the server's own one where that is so."""
    folder = Path(address.host)
    if address.is_unix and address.port == 5432 and _leads_nowhere_else(folder):
        return folder
    folder = stack.enter_context(forwarding(address)).folder
    try:
        psycopg.connect(make_conninfo(dsn, host=str(folder), port=5432, hostaddr="")).close()
    except psycopg.Error as error:
        raise ServerUnavailable(
            "AGENT_POSTGRES_DSN is reached, but not by the forwarded socket that sandboxes use, which has no TLS "
            f"(a line `hostssl` in pg_hba.conf asks for it; `host` does not): {str(error).strip()}"
        ) from error
    return folder


def check_passwords(folder: Path, database: str, roles: Iterable[str]) -> None:
    """Raise `ServerUnavailable` when one of these roles gets in with a wrong password: then everybody is anybody."""
    for role in roles:
        wrong = secrets.token_hex(16)
        try:
            psycopg.connect(host=str(folder), port=5432, user=role, password=wrong, dbname=database).close()
        except psycopg.OperationalError:
            continue
        raise ServerUnavailable(
            f"The server of AGENT_POSTGRES_DSN lets the role {role} in without its password, so code in a sandbox "
            "could become it: have pg_hba.conf ask for `scram-sha-256` in place of `trust` or `peer`."
        )


def check_doors(connection: psycopg.Connection) -> None:
    """Raise `ServerUnavailable` when the role of this connection could enter another database than its own."""
    rows = connection.execute(
        "SELECT quote_ident(datname) FROM pg_database WHERE datallowconn AND datname <> current_database() "
        "AND has_database_privilege(oid, 'CONNECT') ORDER BY 1"
    ).fetchall()
    if rows:
        names = ", ".join(str(row[0]) for row in rows)
        raise ServerUnavailable(
            "Code in a sandbox could enter other databases of AGENT_POSTGRES_DSN, because everybody may: "
            f"REVOKE CONNECT, TEMPORARY ON DATABASE {names} FROM PUBLIC; or use a server that has no others."
        )


def _leads_nowhere_else(folder: Path) -> bool:
    return all(path.name.removesuffix(".lock") == SOCKET for path in folder.iterdir())
