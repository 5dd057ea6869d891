"""The services on their own, with repositories that live in memory."""

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import override
from uuid import UUID, uuid4

import pytest

from src.core.exceptions import NotFound, Unauthenticated
from src.core.security import read_token
from src.models import NoteRow, UserRow
from src.repositories.health import HealthRepository
from src.repositories.notes import NoteRepository
from src.repositories.users import UserRepository
from src.schemas.api import Credentials, NewNote, NoteChanges
from src.services.accounts import AccountService
from src.services.health import HealthService
from src.services.notes import NoteService

_NOW = datetime(2024, 1, 2, 12, tzinfo=UTC)
_SECRET = "a secret for tests alone, of forty letters"
_ANN = Credentials(email="ann@example.com", password="long enough 1")


class _Notes(NoteRepository):
    def __init__(self) -> None:
        self.kept: dict[UUID, tuple[UUID, NoteRow]] = {}

    def _of(self, user: UUID, pinned: bool | None = None) -> list[NoteRow]:
        mine = [note for owner, note in self.kept.values() if owner == user]
        return [note for note in mine if pinned is None or note.pinned is pinned]

    @override
    async def page(self, user: UUID, page: int, limit: int) -> list[NoteRow]:
        return self._of(user)[(page - 1) * limit :][:limit]

    @override
    async def pinned(self, user: UUID, pinned: bool, page: int, limit: int) -> list[NoteRow]:
        return self._of(user, pinned)[(page - 1) * limit :][:limit]

    @override
    async def ordered(
        self, user: UUID, pinned: bool | None, sort: str, page: int, limit: int
    ) -> list[NoteRow]:
        assert sort == "title"
        found = sorted(self._of(user, pinned), key=lambda note: note.title)
        return found[(page - 1) * limit :][:limit]

    @override
    async def count(self, user: UUID) -> int:
        return len(self._of(user))

    @override
    async def count_pinned(self, user: UUID, pinned: bool) -> int:
        return len(self._of(user, pinned))

    @override
    async def add(self, user: UUID, title: str, content: str | None, pinned: bool) -> NoteRow:
        row = NoteRow(uuid4(), title, content, pinned, _NOW, _NOW)
        self.kept[row.id] = (user, row)
        return row

    @override
    async def get(self, user: UUID, note: UUID) -> NoteRow | None:
        owner, row = self.kept.get(note, (None, None))
        return row if owner == user else None

    @override
    async def change(self, user: UUID, note: UUID, values: Mapping[str, object]) -> NoteRow | None:
        row = await self.get(user, note)
        if row is None:
            return None
        changed = dataclasses.replace(row, **{"title": row.title} | dict(values))  # type: ignore[arg-type]  # fields by name
        self.kept[note] = (user, changed)
        return changed

    @override
    async def remove(self, user: UUID, note: UUID) -> bool:
        return await self.get(user, note) is not None and bool(self.kept.pop(note))


class _Users(UserRepository):
    def __init__(self) -> None:
        self.kept: dict[str, UserRow] = {}

    @override
    async def add(self, email: str, password_hash: str) -> UserRow:
        self.kept[email] = UserRow(uuid4(), email, password_hash, _NOW)
        return self.kept[email]

    @override
    async def by_email(self, email: str) -> UserRow | None:
        return self.kept.get(email)


class _Health(HealthRepository):
    def __init__(self, *, good: bool) -> None:
        self._good = good

    @override
    async def answers(self) -> bool:
        return self._good


async def test_pages_of_notes() -> None:
    service, user = NoteService(_Notes()), uuid4()
    for title in ("b", "a", "c"):
        await service.create(user, NewNote(title=title, pinned=title != "c"))
    await service.create(uuid4(), NewNote(title="d"))
    second = await service.page(user, 2, 2, None)
    assert [note.title for note in second.data] == ["c"]
    assert (second.meta.page, second.meta.total) == (2, 3)
    pinned = await service.page(user, 1, 1, True)
    assert [note.title for note in pinned.data] == ["b"]
    assert (pinned.meta.page, pinned.meta.total) == (1, 2)


async def test_notes_in_order() -> None:
    service, user = NoteService(_Notes()), uuid4()
    for title in ("b", "a", "c"):
        await service.create(user, NewNote(title=title, pinned=title != "c"))
    every = await service.ordered(user, 1, 10, None, "title")
    assert [note.title for note in every.data] == ["a", "b", "c"]
    assert (every.meta.page, every.meta.total) == (1, 3)
    some = await service.ordered(user, 2, 1, True, "title")
    assert [note.title for note in some.data] == ["b"]
    assert (some.meta.page, some.meta.total) == (2, 2)


async def test_a_note_from_its_beginning_to_its_end() -> None:
    service, user = NoteService(_Notes()), uuid4()
    made = await service.create(user, NewNote(title="Milk", content="two", pinned=True))
    assert (made.title, made.content, made.pinned) == ("Milk", "two", True)
    assert await service.get(user, made.id) == made
    changed = await service.change(user, made.id, NoteChanges(title="Bread"))
    assert (changed.title, changed.content) == ("Bread", "two")
    await service.remove(user, made.id)
    with pytest.raises(NotFound):
        await service.get(user, made.id)


async def test_nobody_else_reaches_a_note() -> None:
    service, stranger = NoteService(_Notes()), uuid4()
    made = await service.create(uuid4(), NewNote(title="Milk"))
    with pytest.raises(NotFound):
        await service.get(stranger, made.id)
    with pytest.raises(NotFound):
        await service.change(stranger, made.id, NoteChanges(title="Bread"))
    with pytest.raises(NotFound):
        await service.remove(stranger, made.id)


async def test_an_account() -> None:
    users = _Users()
    service = AccountService(users, _SECRET)
    user = await service.register(_ANN)
    assert (user.email, users.kept["ann@example.com"].id) == ("ann@example.com", user.id)
    token = await service.login(_ANN)
    assert (read_token(token.access_token, _SECRET), token.token_type) == (user.id, "bearer")


async def test_only_the_right_password_opens_an_account() -> None:
    service = AccountService(_Users(), _SECRET)
    with pytest.raises(Unauthenticated):
        await service.login(_ANN)
    await service.register(_ANN)
    with pytest.raises(Unauthenticated):
        await service.login(Credentials(email="ann@example.com", password="long enough 2"))


@pytest.mark.parametrize("good", [True, False])
async def test_readiness_is_that_of_the_database(good: bool) -> None:
    assert await HealthService(_Health(good=good)).ready() is good
