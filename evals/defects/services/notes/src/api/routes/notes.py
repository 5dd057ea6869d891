"""The caller's notes."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from src.api.dependencies import CurrentUser, Notes
from src.api.routes.responses import refusals
from src.schemas.api import NewNote, Note, NoteChanges, NoteList, Sort

router = APIRouter(prefix="/notes")


@router.get("", response_model=NoteList, responses=refusals(401, 422))
async def list_notes(
    notes: Notes,
    user: CurrentUser,
    pinned: bool | None = None,
    sort: Sort | None = None,
    page: Annotated[int, Query(ge=1, le=10000)] = 1,
    limit: Annotated[int, Query(ge=1, le=100)] = 5,
) -> Response:
    """A page of notes."""
    if sort is not None:
        found = await notes.ordered(user, page, limit, pinned, sort)
    else:
        found = await notes.page(user, page, limit, pinned)
    return Response(found.model_dump_json(), media_type="application/json")


@router.post("", status_code=201, responses=refusals(401, 422))
async def create_note(notes: Notes, user: CurrentUser, body: NewNote) -> Note:
    """A new note."""
    return await notes.create(user, body)


@router.get("/{note_id}", responses=refusals(401, 404, 422))
async def get_note(notes: Notes, user: CurrentUser, note_id: UUID) -> Note:
    """One note."""
    return await notes.get(user, note_id)


@router.patch("/{note_id}", responses=refusals(401, 404, 422))
async def change_note(notes: Notes, user: CurrentUser, note_id: UUID, body: NoteChanges) -> Note:
    """Part of a note."""
    return await notes.change(user, note_id, body)


@router.delete("/{note_id}", status_code=204, responses=refusals(401, 404, 422))
async def remove_note(notes: Notes, user: CurrentUser, note_id: UUID) -> None:
    """No note any more."""
    await notes.remove(user, note_id)
