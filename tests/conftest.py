"""What all tests share: one real PostgreSQL server."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # ships no types

from agent.places import cache_folder
from tools.postgres.server import Database, PostgresServer, postgres_server

APART = ("tests/checklist/test_notices.py", "tests/checklist/test_bad_backends.py")

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


class Files(LoadScopeScheduling):  # type: ignore[misc]  # see above
    """Keeps the tests of a file together, for what they share is dear; those of `APART` take long and share little."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if file in APART else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """With `-n auto`: two more than there are cores, for many tests wait for what they have started."""
    return (os.cpu_count() or 1) + 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling | None:
    """With `--dist loadfile`: in the order of the folders, in which the long ones come neither first nor last."""
    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False  # or files of few tests would come last, and those are the longest
    return Files(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    """What takes too long for every day."""
    parser.addoption("--every-defect", action="store_true", help="Seed every defect, not only one for each rule.")
    parser.addoption("--every-hole", action="store_true", help="Fill every hole of evals/holes, not only one.")
