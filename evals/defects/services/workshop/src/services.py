"""What the workshop does."""

import uuid
from typing import Any, Protocol

from src.core.credentials import MINUTES, Credentials
from src.core.exceptions import Anonymous, Missing, NotYours
from src.models import Kind
from src.models import Member as MemberRow
from src.repositories import Loans, Members, Tools
from src.schemas import (
    Loan,
    LoanPage,
    LoanRequest,
    Login,
    Member,
    NewMember,
    Session,
    Tool,
    ToolOffer,
    ToolPage,
)


class Membership(Protocol):
    """Where members are kept."""

    async def add(self, email: str, display_name: str, digest: str) -> MemberRow:
        """A new one."""
        ...

    async def by_email(self, email: str) -> MemberRow | None:
        """The one with this address."""
        ...


class Reception:
    """Joining and logging in."""

    def __init__(self, members: Members | Membership, credentials: Credentials) -> None:
        self._members = members
        self._credentials = credentials

    async def join(self, new: NewMember) -> Member:
        """A new member."""
        digest = await self._credentials.digest(new.password)
        return Member.model_validate(await self._members.add(new.email, new.display_name, digest))

    async def log_in(self, login: Login) -> Session:
        """A token for who knows the password."""
        row = await self._members.by_email(login.email)
        if row is None or not await self._credentials.matches(row.password_digest, login.password):
            raise Anonymous("address and password do not belong together")
        token = self._credentials.token(row.id)
        return Session(access_token=token, token_type="Bearer", expires_in=MINUTES * 60)


class Shed:
    """The tools."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def browse(self, kind: Kind | None, after: uuid.UUID | None, size: int) -> ToolPage:
        """A page."""
        rows = await self._tools.page(kind, after, size)
        items = [Tool.model_validate(row) for row in rows[:size]]
        following = items[-1].id if len(rows) > size else None
        return ToolPage(items=items, next_cursor=following)

    async def show(self, tool: uuid.UUID) -> Tool:
        """One."""
        return Tool.model_validate(await self._known(tool))

    async def offer(self, owner: uuid.UUID, offer: ToolOffer) -> Tool:
        """A new one."""
        return Tool.model_validate(await self._tools.add(owner, offer.model_dump(by_alias=False)))

    async def replace(self, caller: uuid.UUID, tool: uuid.UUID, offer: ToolOffer) -> Tool:
        """Another description."""
        await self._owned(caller, tool)
        row = await self._tools.replace(tool, offer.model_dump(by_alias=False))
        if row is None:
            raise Missing("there is no such tool")
        return Tool.model_validate(row)

    async def withdraw(self, caller: uuid.UUID, tool: uuid.UUID) -> None:
        """One less."""
        await self._owned(caller, tool)
        await self._tools.remove(tool)

    async def _owned(self, caller: uuid.UUID, tool: uuid.UUID) -> None:
        if (await self._known(tool)).owner_id != caller:
            raise NotYours("this tool is another member's")

    async def _known(self, tool: uuid.UUID) -> Any:
        row = await self._tools.get(tool)
        if row is None:
            raise Missing("there is no such tool")
        return row


class Counter:
    """The loans."""

    def __init__(self, loans: Loans) -> None:
        self._loans = loans

    async def mine(self, member: uuid.UUID, after: uuid.UUID | None, size: int) -> LoanPage:
        """A page."""
        rows = await self._loans.page(member, after, size)
        items = [Loan.model_validate(row) for row in rows[:size]]
        following = items[-1].id if len(rows) > size else None
        return LoanPage(items=items, next_cursor=following)

    async def borrow(self, member: uuid.UUID, wanted: LoanRequest) -> Loan:
        """A new one."""
        return Loan.model_validate(await self._loans.add(member, wanted.model_dump(by_alias=False)))
