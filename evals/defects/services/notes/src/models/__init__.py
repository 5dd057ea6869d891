"""Rows as the repositories give them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user."""

    id: UUID
    email: str
    password_hash: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NoteRow:
    """A note."""

    id: UUID
    title: str
    content: str | None
    pinned: bool
    created_at: datetime
    updated_at: datetime
