"""What endpoints ask for."""

import uuid
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from src.core import journal
from src.core.credentials import Credentials
from src.core.exceptions import Anonymous
from src.repositories import Database, Loans, Members, Tools
from src.services import Counter, Reception, Shed
from src.shared import Board

scheme = HTTPBearer(scheme_name="member", auto_error=False)


async def database(request: Request) -> Database:
    """Shared by all requests."""
    found: Database = request.app.state.database
    return found


async def credentials(request: Request) -> Credentials:
    """Shared by all requests."""
    found: Credentials = request.app.state.credentials
    return found


async def notice_board(request: Request) -> Board:
    """Shared by all instances."""
    found: Board = request.app.state.board
    return found


Notices = Annotated[Board, Depends(notice_board)]
Stored = Annotated[Database, Depends(database)]
Keys = Annotated[Credentials, Depends(credentials)]


async def reception(stored: Stored, keys: Keys) -> Reception:
    """For members to be."""
    return Reception(Members(stored), keys)


async def shed(stored: Stored) -> Shed:
    """For tools."""
    return Shed(Tools(stored))


async def counter(stored: Stored) -> Counter:
    """For loans."""
    return Counter(Loans(stored))


async def caller(
    keys: Keys,
    board: Notices,
    sent: Annotated[HTTPAuthorizationCredentials | None, Security(scheme)] = None,
) -> uuid.UUID:
    """The member who calls."""
    if sent is None:
        raise Anonymous("log in first")
    member = keys.member(sent.credentials)
    if (entry := journal.member.get()) is not None:
        entry["memberId"] = str(member)
    await board.count(f"member:{member}")
    return member


AtReception = Annotated[Reception, Depends(reception)]
InShed = Annotated[Shed, Depends(shed)]
AtCounter = Annotated[Counter, Depends(counter)]
Caller = Annotated[uuid.UUID, Depends(caller)]
