"""The services alone, on shelves in memory."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, override

import pytest

from src.core.exceptions import Missing, NotYours
from src.models import Kind
from src.models import Loan as LoanRow
from src.models import Tool as ToolRow
from src.repositories import Loans, Tools
from src.schemas import LoanRequest, ToolOffer
from src.services import Counter, Shed

NOW = dt.datetime(2030, 5, 1, tzinfo=dt.UTC)
ADA, BOB = uuid.uuid4(), uuid.uuid4()
SAW = ToolOffer(title="Saw", kind=Kind.HAND, dailyPriceCents=150)


def stamped[Row: (ToolRow, LoanRow)](row: Row) -> Row:
    """As the database would give it back."""
    row.id, row.created_at, row.updated_at = uuid.uuid4(), NOW, NOW
    return row


class Shelf(Tools):
    """Tools without a database."""

    def __init__(self) -> None:
        self.rows: dict[uuid.UUID, ToolRow] = {}

    @override
    async def page(self, kind: Kind | None, after: uuid.UUID | None, size: int) -> Sequence[Any]:
        known = list(self.rows)
        behind = known[known.index(after) + 1 :] if after else known
        found = [self.rows[one] for one in behind]
        return [row for row in found if kind in (None, row.kind)][: size + 1]

    @override
    async def get(self, tool: uuid.UUID) -> ToolRow | None:
        return self.rows.get(tool)

    @override
    async def add(self, owner: uuid.UUID, values: dict[str, Any]) -> ToolRow:
        row = stamped(ToolRow(owner_id=owner, **values))
        self.rows[row.id] = row
        return row

    @override
    async def replace(self, tool: uuid.UUID, values: dict[str, Any]) -> ToolRow | None:
        for name, value in values.items():
            setattr(self.rows[tool], name, value)
        return self.rows[tool]

    @override
    async def remove(self, tool: uuid.UUID) -> None:
        del self.rows[tool]


class Ledger(Loans):
    """Loans without a database."""

    def __init__(self) -> None:
        self.rows: list[LoanRow] = []

    @override
    async def page(self, member: uuid.UUID, after: uuid.UUID | None, size: int) -> Sequence[Any]:
        return [row for row in self.rows if row.member_id == member][: size + 1]

    @override
    async def add(self, member: uuid.UUID, values: dict[str, Any]) -> LoanRow:
        self.rows.append(stamped(LoanRow(member_id=member, **values)))
        return self.rows[-1]


class TestShed:
    """Tools."""

    async def test_offered_and_shown(self) -> None:
        shed = Shed(Shelf())
        offered = await shed.offer(ADA, SAW)
        assert (offered.title, offered.owner_id) == ("Saw", ADA)
        assert await shed.show(offered.id) == offered

    async def test_pages(self) -> None:
        shed = Shed(Shelf())
        first, second = [await shed.offer(ADA, SAW) for _ in range(2)]
        page = await shed.browse(None, None, 1)
        assert (page.items, page.next_cursor) == ([first], first.id)
        page = await shed.browse(Kind.HAND, first.id, 1)
        assert (page.items, page.next_cursor) == ([second], None)

    async def test_only_the_owner_changes_it(self) -> None:
        shed = Shed(Shelf())
        saw = (await shed.offer(ADA, SAW)).id
        axe = SAW.model_copy(update={"title": "Axe"})
        with pytest.raises(NotYours):
            await shed.replace(BOB, saw, axe)
        with pytest.raises(NotYours):
            await shed.withdraw(BOB, saw)
        assert (await shed.show(saw)).title == "Saw"
        assert (await shed.replace(ADA, saw, axe)).title == "Axe"

    async def test_withdrawn_it_is_missing(self) -> None:
        shed = Shed(Shelf())
        saw = (await shed.offer(ADA, SAW)).id
        await shed.withdraw(ADA, saw)
        with pytest.raises(Missing):
            await shed.show(saw)


class TestCounter:
    """Loans."""

    async def test_borrowed_and_listed(self) -> None:
        counter, tool = Counter(Ledger()), uuid.uuid4()
        wanted = LoanRequest.model_validate({"toolId": str(tool), "dueOn": "2031-05-01"})
        first, second = [await counter.borrow(BOB, wanted) for _ in range(2)]
        assert (first.tool_id, first.member_id) == (tool, BOB)
        page = await counter.mine(BOB, None, 1)
        assert (page.items, page.next_cursor) == ([first], first.id)
        page = await counter.mine(BOB, None, 2)
        assert (page.items, page.next_cursor) == ([first, second], None)
        assert (await counter.mine(ADA, None, 1)).items == []
