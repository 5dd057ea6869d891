"""All endpoints."""

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel

from src.api.dependencies import AtCounter, AtReception, Caller, InShed, Notices, Stored
from src.models import Kind
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

api = APIRouter(prefix="/v2")
probes = APIRouter(include_in_schema=False)

PageSize = Annotated[int, Query(alias="pageSize", ge=1, le=40)]
Cursor = Annotated[uuid.UUID | None, Query()]
ToolId = Annotated[uuid.UUID, Path(alias="toolId")]


class ProblemDocument(BaseModel):
    """By RFC 9457."""

    type: str
    title: str
    status: int
    detail: str


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """As the contract declares them."""
    schema = ProblemDocument.model_json_schema()
    told = {
        "description": "Problem",
        "content": {"application/problem+json": {"schema": schema}},
    }
    return dict.fromkeys(statuses, told)


def shown(found: BaseModel) -> Response:
    """As JSON, without a second validation."""
    return Response(found.model_dump_json(), media_type="application/json")


@api.post("/members", status_code=201, responses=problems(409, 422))
async def join_workshop(desk: AtReception, body: NewMember) -> Member:
    """Become a member."""
    return await desk.join(body)


@api.post("/sessions", status_code=201, responses=problems(401, 422))
async def open_session(desk: AtReception, body: Login) -> Session:
    """Log in."""
    return await desk.log_in(body)


@api.get("/tools", response_model=ToolPage, responses=problems(422))
async def browse_tools(
    tools: InShed,
    board: Notices,
    kind: Kind | None = None,
    size: PageSize = 10,
    cursor: Cursor = None,
) -> Response:
    """Tools of all members."""
    page = await board.remembered(
        f"{kind} {cursor} {size}", lambda: tools.browse(kind, cursor, size)
    )
    return Response(page, media_type="application/json")


@api.post("/tools", status_code=201, responses=problems(401, 422))
async def offer_tool(caller: Caller, tools: InShed, board: Notices, body: ToolOffer) -> Tool:
    """Offer a tool."""
    offered = await tools.offer(caller, body)
    await board.changed()
    return offered


@api.get("/tools/{toolId}", response_model=Tool, responses=problems(404, 422))
async def show_tool(tools: InShed, tool: ToolId) -> Response:
    """One tool."""
    return shown(await tools.show(tool))


@api.put("/tools/{toolId}", responses=problems(401, 403, 404, 422))
async def replace_tool(
    caller: Caller, tools: InShed, board: Notices, tool: ToolId, body: ToolOffer
) -> Tool:
    """Describe a tool anew."""
    described = await tools.replace(caller, tool, body)
    await board.changed()
    return described


@api.delete("/tools/{toolId}", status_code=204, responses=problems(401, 403, 404, 422))
async def withdraw_tool(caller: Caller, tools: InShed, board: Notices, tool: ToolId) -> None:
    """Withdraw a tool."""
    await tools.withdraw(caller, tool)
    await board.changed()


@api.get("/loans", response_model=LoanPage, responses=problems(401, 422))
async def my_loans(
    caller: Caller, loans: AtCounter, size: PageSize = 10, cursor: Cursor = None
) -> Response:
    """The caller's loans."""
    return shown(await loans.mine(caller, cursor, size))


@api.post("/loans", status_code=201, responses=problems(401, 404, 422))
async def borrow_tool(caller: Caller, loans: AtCounter, body: LoanRequest) -> Loan:
    """Borrow a tool."""
    return await loans.borrow(caller, body)


@probes.get("/livez")
async def alive() -> dict[str, bool]:
    """Always."""
    return {"alive": True}


@probes.get("/readyz")
async def ready(stored: Stored) -> Response:
    """While the database answers."""
    try:
        good = await stored.answers()
    except Exception:  # noqa: BLE001 - whatever keeps it from answering
        good = False
    return Response(status_code=200 if good else 503)
