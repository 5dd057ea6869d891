"""What all tests share: one real PostgreSQL server."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from agent.places import cache_folder
from tools.postgres.server import Database, PostgresServer, postgres_server

settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")  # the same examples on every machine; `--hypothesis-profile=default` looks for new ones


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for the whole session; make databases of your own on it."""
    with postgres_server(dsn=os.environ.get("AGENT_POSTGRES_DSN"), cache=cache_folder()) as server:
        yield server


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[Database]:
    """An empty database for one test."""
    with postgres.database() as made:
        yield made


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With `--dist loadgroup` the tests of a file stay together, for they share what is dear; all but those `apart`."""
    for item in items:
        if item.get_closest_marker("apart") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


def pytest_addoption(parser: pytest.Parser) -> None:
    """What takes too long for every day."""
    parser.addoption("--every-defect", action="store_true", help="Seed every defect, not only one for each rule.")
