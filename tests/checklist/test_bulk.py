"""Which loops send statements one by one, and which only look like it."""

from __future__ import annotations

import pytest

from agent.checklist.bulk import statements_in_loops

REPOSITORY = """
class Notes:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def get(self, note):
        return await self._pool.fetchrow("SELECT 1", note)
"""
SERVICE = """
class Service:
    def __init__(self, notes: Notes, queue: Queue) -> None:
        self._notes = notes
        self._queue = queue

    async def work(self, ids, connection):
        {}
"""


def found(body: str) -> list[str]:
    """The calls that are found in a method of a service."""
    files = {"src/repositories/notes.py": REPOSITORY, "src/services/notes.py": SERVICE.format(body)}
    return [spot.call for spot in statements_in_loops(files)]


@pytest.mark.parametrize(
    ("body", "call"),
    [
        ("for one in ids:\n            await self._notes.get(one)", "self._notes.get"),
        ("for one in ids:\n            if one:\n                row = await self._notes.get(one)", "self._notes.get"),
        ("return [await self._notes.get(one) for one in ids]", "self._notes.get"),
        ("for one in ids:\n            await connection.execute('DELETE', one)", "connection.execute"),
        ("await asyncio.gather(*(self._notes.get(one) for one in ids))", "self._notes.get"),
    ],
)
def test_a_statement_for_each_turn_is_found(body: str, call: str) -> None:
    assert found(body) == [call]


@pytest.mark.parametrize(
    "body",
    [
        "for one in ids:\n            await self._queue.get(one)",
        "for one in await self._notes.get(ids):\n            print(one)",
        "for pause in ids:\n            try:\n                return await self._notes.get(ids)\n"
        "            except OSError:\n                print(pause)",
        "for _ in range(3):\n            await self._notes.get(ids)",
        "for some in batched(ids, 500):\n            await connection.execute('INSERT', some)",
        "for start in range(0, len(ids), 500):\n            await connection.execute('INSERT', ids[start:])",
        "for one in ids:\n            found = await self._notes.get(one)\n            return found",
        "await connection.executemany('INSERT', ids)",
    ],
)
def test_what_only_looks_like_it_is_not(body: str) -> None:
    assert found(body) == []


def test_tests_may_loop() -> None:
    files = {"tests/test_notes.py": "async def test(db):\n    for one in (1, 2):\n        await db.execute('x', one)\n"}
    assert statements_in_loops(files) == []
