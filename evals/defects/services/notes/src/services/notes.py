"""What can be done with notes."""

from uuid import UUID

from src.core.exceptions import NotFound
from src.repositories.notes import NoteRepository
from src.schemas.api import NewNote, Note, NoteChanges, NoteList, Page, Sort


class NoteService:
    """The notes of one user."""

    def __init__(self, notes: NoteRepository) -> None:
        self._notes = notes

    async def page(self, user: UUID, page: int, limit: int, pinned: bool | None) -> NoteList:
        """One page of them."""
        if pinned is not None:
            return await self._pinned(user, page, limit, pinned)
        rows = await self._notes.page(user, page, limit)
        total = await self._notes.count(user)
        notes = [Note.model_validate(row) for row in rows]
        return NoteList(data=notes, meta=Page(page=page, total=total))

    async def ordered(
        self, user: UUID, page: int, limit: int, pinned: bool | None, sort: Sort
    ) -> NoteList:
        """One page of them, in this order."""
        rows = await self._notes.ordered(user, pinned, sort, page, limit)
        if pinned is None:
            total = await self._notes.count(user)
        else:
            total = await self._notes.count_pinned(user, pinned)
        notes = [Note.model_validate(row) for row in rows]
        return NoteList(data=notes, meta=Page(page=page, total=total))

    async def _pinned(self, user: UUID, page: int, limit: int, pinned: bool) -> NoteList:
        rows = await self._notes.pinned(user, pinned, page, limit)
        total = await self._notes.count_pinned(user, pinned)
        notes = [Note.model_validate(row) for row in rows]
        return NoteList(data=notes, meta=Page(page=page, total=total))

    async def create(self, user: UUID, body: NewNote) -> Note:
        """A new one."""
        row = await self._notes.add(user, body.title, body.content, body.pinned)
        return Note.model_validate(row)

    async def get(self, user: UUID, note: UUID) -> Note:
        """One of them."""
        row = await self._notes.get(user, note)
        if row is None:
            raise NotFound("there is no such note")
        return Note.model_validate(row)

    async def change(self, user: UUID, note: UUID, body: NoteChanges) -> Note:
        """Part of one."""
        row = await self._notes.change(user, note, body.model_dump(exclude_unset=True))
        if row is None:
            raise NotFound("there is no such note")
        return Note.model_validate(row)

    async def remove(self, user: UUID, note: UUID) -> None:
        """One less."""
        if not await self._notes.remove(user, note):
            raise NotFound("there is no such note")
