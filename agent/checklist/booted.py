"""What the gates of one verification share: databases, one running service that is asked in turn, and the record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from agent.checklist.databases import Databases, Opened
from agent.checklist.record import Record
from agent.checklist.running import NotRunning, Running, running
from agent.checklist.touching import Ran


@dataclass(frozen=True, slots=True)
class Booted:
    """A service that runs, and the database behind it."""

    service: Running
    database: Opened


@dataclass(slots=True)
class Bench(Databases):
    """The databases of one verification, and the service that its gates ask one after the other."""

    record: Record = field(default_factory=Record)
    """Everything that was asked of any service of this verification."""
    ran: Ran | None = None
    """What the tests ran, once they have; None where it was not seen."""
    _booted: Booted | None = field(default=None, repr=False)
    _holding: asyncio.Task[None] | None = field(default=None, repr=False)
    _enough: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    _hindered: NotRunning | None = field(default=None, repr=False)
    """Why a start came to nothing: it is waited for once, not by every gate."""
    _turns: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Booted]:
        """The one service, for whoever has the turn; booted at the first, and again when it has ended meanwhile.

        What others have stored is still there. Raises `NotMigrated` and `NotRunning`.
        """
        async with self._turns:
            if self._hindered is not None:
                raise NotRunning(str(self._hindered), self._hindered.reproduce)
            if self._booted is None or not self._booted.service.process.running:
                await self._stop()
                await self._boot()
            assert self._booted is not None
            yield self._booted

    async def close(self) -> None:
        """End the service, and remove the template."""
        await self._stop()
        await Databases.close(self)

    async def _boot(self) -> None:
        try:
            self._booted = await self._start()
        except NotRunning as error:
            self._hindered = error
            raise

    async def _start(self) -> Booted:
        ready: asyncio.Future[Booted] = asyncio.get_running_loop().create_future()
        self._enough.clear()
        self._holding = asyncio.create_task(self._hold(ready))
        await asyncio.wait((ready, self._holding), return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            await self._holding  # raises what kept it from starting
        return ready.result()

    async def _hold(self, ready: asyncio.Future[Booted]) -> None:
        async with (
            self.migrated() as database,
            running(self.case, database.access, self.record, starts=self.starts) as service,
        ):
            ready.set_result(Booted(service, database))
            await self._enough.wait()

    async def _stop(self) -> None:
        self._enough.set()
        if self._holding is not None:
            await asyncio.gather(self._holding, return_exceptions=True)
        self._holding = self._booted = None
