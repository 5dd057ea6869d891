"""Two instances of the service on one database and one Redis, under the service's own limits."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from agent.checklist.booted import Bench
from agent.checklist.case import Case, Owing
from agent.checklist.databases import redis_seen_here
from agent.checklist.probe.asking import Asker
from agent.checklist.probe.fitting import store_of
from agent.checklist.probe.requests import Request
from agent.checklist.probe.users import Users
from agent.checklist.probe.world import World
from agent.checklist.running import Reply, Running, own_settings, running
from agent.checklist.sharing.bursts import addresses
from tools.postgres.forwarding import forwarded
from tools.postgres.wire import Recorder


@dataclass(slots=True)
class Instances:
    """Both of them, and what is known of the world behind them."""

    case: Case
    owing: Owing
    one: Running
    other: Running
    world: World
    """Of the first one's callers and rows; the second one knows them if state is shared."""
    recorder: Recorder
    """Statements of both."""
    redis_url: str | None
    """The Redis that they share, for this process; None: they want none."""
    seed: int
    origins: Iterator[str] = field(repr=False)
    """Addresses that nobody has asked from yet."""

    async def ask(self, service: Running, request: Request) -> Reply:
        """Send one request to either, from an address of its own, so that no limit of addresses is met."""
        asker = replace(self.world.asker, service=service)
        marked = replace(request, headers={**request.headers, "X-Forwarded-For": next(self.origins)})
        return await asker.send(marked)


@asynccontextmanager
async def two_instances(case: Case, owing: Owing, bench: Bench, seed: int) -> AsyncIterator[Instances]:
    """For as long as the context is open. Raises `NotMigrated` and `NotRunning`."""
    chance, recorder = random.Random(seed), Recorder()
    with forwarded(case.server, recorder) as way:
        async with bench.migrated(way.folder) as database:
            settings = own_settings(case, database.access)
            async with (
                running(case, database.access, bench.record, starts=bench.starts, settings=settings) as one,
                running(case, database.access, bench.record, starts=bench.starts, settings=settings) as other,
            ):
                with case.server.connect(database.database) as connection:
                    asker = Asker(case.contract, one, store_of(case, connection), chance)
                    world = World(asker, Users(asker, case.binding, case.catalog), case.binding, case.catalog)
                    redis_url = redis_seen_here(database.access)
                    yield Instances(case, owing, one, other, world, recorder, redis_url, seed, addresses(chance))
