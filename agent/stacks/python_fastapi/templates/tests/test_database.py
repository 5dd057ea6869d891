"""Errors of the database as errors of the service."""

import asyncpg
import pytest

from src.core.database import service_error
from src.core.exceptions import (
    BrokenReference,
    Conflict,
    InvalidInput,
    ServiceError,
    Unavailable,
)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (asyncpg.UniqueViolationError("taken"), Conflict),
        (asyncpg.ForeignKeyViolationError("no such row"), BrokenReference),
        (asyncpg.RestrictViolationError("still used"), BrokenReference),
        (asyncpg.ExclusionViolationError("overlaps"), Conflict),
        (asyncpg.DeadlockDetectedError("deadlock"), Conflict),
        (asyncpg.CheckViolationError("not allowed"), InvalidInput),
        (asyncpg.NotNullViolationError("missing"), InvalidInput),
        (asyncpg.NumericValueOutOfRangeError("too large"), InvalidInput),
        (asyncpg.InterfaceError("pool is closed"), Unavailable),
        (asyncpg.TooManyConnectionsError("full"), Unavailable),
        (asyncpg.AdminShutdownError("going down"), Unavailable),
        (ConnectionRefusedError(), Unavailable),
        (TimeoutError(), Unavailable),
    ],
)
def test_an_error_of_the_database_has_a_meaning(
    error: Exception, expected: type[ServiceError]
) -> None:
    """Each kind of error is answered with a status of its own."""
    assert type(service_error(error)) is expected


def test_what_nobody_foresaw_is_an_internal_error() -> None:
    """It says nothing of the statement that failed."""
    error = service_error(asyncpg.UndefinedColumnError("column secret does not exist"))

    assert error.status == 500
    assert "secret" not in str(error)
