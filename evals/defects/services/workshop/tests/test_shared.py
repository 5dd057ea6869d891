"""What instances share, and what becomes of them without Redis."""

import uuid

import pytest
from pydantic import BaseModel

from src.core.exceptions import Hasty
from src.shared import Board
from tests.conftest import REDIS

NOWHERE = "redis://127.0.0.1:9/0"


class Page(BaseModel):
    """Something to remember."""

    number: int


class Maker:
    """Makes pages, each another."""

    def __init__(self) -> None:
        self.made = 0

    async def __call__(self) -> Page:
        self.made += 1
        return Page(number=self.made)


async def test_who_asks_too_much_is_hasty() -> None:
    one, other = Board(REDIS, 4, 5), Board(REDIS, 4, 5)
    with pytest.raises(Hasty) as refused:
        for _ in range(10):
            await one.count("me")
            await other.count("me")
    assert 1 <= refused.value.seconds <= 4
    await one.close()
    await other.close()


async def test_pages_are_remembered_until_something_changes() -> None:
    what, make = uuid.uuid4().hex, Maker()
    one, other = Board(REDIS, 4, 30), Board(REDIS, 4, 30)
    pages = [await board.remembered(what, make) for board in (one, one, other)]
    await other.changed()
    pages.append(await one.remembered(what, make))
    assert pages == ['{"number":1}'] * 3 + ['{"number":2}']
    await one.close()
    await other.close()


async def test_without_redis_nobody_is_counted() -> None:
    make, board = Maker(), Board(NOWHERE, 1, 5)
    for _ in range(3):
        await board.count("me")
        await board.changed()
    assert [await board.remembered("x", make) for _ in range(2)] == [
        '{"number":1}',
        '{"number":2}',
    ]
    await board.close()
