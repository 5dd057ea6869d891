"""Everything that speaks to the database."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, delete, select, text, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from src.core.exceptions import Missing, Taken
from src.models import Base, Kind, Loan, Member, Tool


class Database:
    """Sessions for reading, which commit by themselves, and for writing, which are transactions."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._plain = engine.execution_options(isolation_level="AUTOCOMMIT")
        self.reading = async_sessionmaker(self._plain, expire_on_commit=False)
        self.writing = async_sessionmaker(engine, expire_on_commit=False)

    async def answers(self) -> bool:
        """Whether the database is there."""
        async with self._engine.connect() as connection:
            return bool(await connection.scalar(text("SELECT 1")))

    async def page(
        self, query: Select[Any], table: type[Any], after: uuid.UUID | None, size: int
    ) -> Sequence[Any]:
        """Rows behind a cursor, the oldest first, one more than the page has."""
        if after is not None:
            mark = select(table.created_at, table.id).where(table.id == after).scalar_subquery()
            query = query.where(tuple_(table.created_at, table.id) > mark)
        ordered = query.order_by(table.created_at, table.id).limit(size + 1)
        async with self._plain.connect() as connection:
            rows: Sequence[Any] = (await connection.execute(ordered)).all()
            return rows

    async def one(self, query: Select[Any]) -> Any:
        """The row that there is, or none."""
        async with self._plain.connect() as connection:
            return (await connection.execute(query)).one_or_none()

    async def add[Row: Base](self, row: Row, problem: Exception) -> Row:
        """Write a new row; the problem where it contradicts another."""
        try:
            async with self.writing.begin() as session:
                session.add(row)
                await session.flush()
                await session.refresh(row)
        except IntegrityError as error:
            raise problem from error
        return row


class Members:
    """Rows of members."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, email: str, display_name: str, digest: str) -> Member:
        """A new one."""
        row = Member(email=email, display_name=display_name, password_digest=digest)
        return await self._database.add(row, Taken("this address is a member's already"))

    async def by_email(self, email: str) -> Member | None:
        """The one with this address."""
        async with self._database.reading() as session:
            found: Member | None = await session.scalar(select(Member).where(Member.email == email))
            return found


class Tools:
    """Rows of tools."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, kind: Kind | None, after: uuid.UUID | None, size: int) -> Sequence[Any]:
        """Some of them."""
        query = select(*Tool.__table__.c)
        if kind is not None:
            query = query.where(Tool.kind == kind)
        return await self._database.page(query, Tool, after, size)

    async def get(self, tool: uuid.UUID) -> Any:
        """One of them, as plain values: a session costs twice as much as what it is for."""
        return await self._database.one(select(*Tool.__table__.c).where(Tool.id == tool))

    async def add(self, owner: uuid.UUID, values: dict[str, Any]) -> Tool:
        """A new one."""
        row = Tool(owner_id=owner, **values)
        return await self._database.add(row, Missing("the member is gone"))

    async def replace(self, tool: uuid.UUID, values: dict[str, Any]) -> Tool | None:
        """Other values for all that can be said."""
        async with self._database.writing.begin() as session:
            row = await session.get(Tool, tool, with_for_update=True)
            if row is None:
                return None
            for name, value in values.items():
                setattr(row, name, value)
            await session.flush()
            await session.refresh(row)
            return row

    async def remove(self, tool: uuid.UUID) -> None:
        """One less."""
        async with self._database.writing.begin() as session:
            await session.execute(delete(Tool).where(Tool.id == tool))


class Loans:
    """Rows of loans."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, member: uuid.UUID, after: uuid.UUID | None, size: int) -> Sequence[Any]:
        """Some of a member's."""
        query = select(*Loan.__table__.c).where(Loan.member_id == member)
        return await self._database.page(query, Loan, after, size)

    async def add(self, member: uuid.UUID, values: dict[str, Any]) -> Loan:
        """A new one."""
        row = Loan(member_id=member, **values)
        return await self._database.add(row, Missing("there is no such tool"))
