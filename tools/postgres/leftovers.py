"""Databases that a killed run left on a shared server, found and removed by the next run or the keeper.

A run holds an advisory lock for as long as its connection lives, and its databases carry the lock's number in their
names: where nobody holds the lock, the run is dead. The same number in another database is another lock, and runs may
be connected to any; the server's list of locks shows those of all databases.
"""

from __future__ import annotations

import re
import secrets

import psycopg
from psycopg import errors
from psycopg.sql import SQL, Identifier

_LOCKS = 0x61_67_65
"""The first half of the advisory locks' numbers; the second half is the run's."""
_HOLDERS = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND classid = %s AND objid = %s"
_NAME = re.compile(r"agent_([0-9a-f]{7})_[0-9a-f]{8}")


def begin_run(connection: psycopg.Connection) -> str:
    """Take a lock for a new run, until the connection ends; the run's number as names carry it."""
    run = secrets.token_hex(4)[:7]
    continue_run(connection, run)
    return run


def continue_run(connection: psycopg.Connection, run: str) -> None:
    """Take the lock of a run that goes on with another connection."""
    connection.execute("SELECT pg_advisory_lock(%s::int4, %s::int4)", (_LOCKS, int(run, 16)))


def new_name(run: str) -> str:
    """A name for a database and its role."""
    return f"agent_{run}_{secrets.token_hex(4)}"


def sweep(connection: psycopg.Connection) -> tuple[str, ...]:
    """Drop databases and roles of dead runs, as far as this connection's role may; the names dropped."""
    query = r"SELECT datname FROM pg_database UNION SELECT rolname FROM pg_roles ORDER BY 1"
    names = [str(row[0]) for row in connection.execute(query).fetchall()]
    return tuple(name for name in names if (match := _NAME.fullmatch(name)) and _drop(connection, name, match[1]))


def _drop(connection: psycopg.Connection, name: str, run: str) -> bool:
    lock = (_LOCKS, int(run, 16))
    if connection.execute(_HOLDERS, lock).fetchone() is not None:
        return False
    free = connection.execute("SELECT pg_try_advisory_lock(%s::int4, %s::int4)", lock).fetchone()
    if free != (True,):
        return False
    try:
        connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))
        connection.execute(SQL("DROP ROLE IF EXISTS {}").format(Identifier(name)))
    except (errors.InsufficientPrivilege, errors.DependentObjectsStillExist, errors.ObjectInUse):
        return False  # another role's, or just being swept by another run
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s::int4, %s::int4)", lock)
    return True
