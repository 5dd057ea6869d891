"""Notes in the database."""

from collections.abc import Mapping
from uuid import UUID

from src.core.database import Pool
from src.models import NoteRow

_COLUMNS = "id, title, content, pinned, created_at, updated_at"
_ORDERS = {
    "title": "title",
    "-title": "title DESC",
    "created_at": "created_at",
    "-created_at": "created_at DESC",
}


class NoteRepository:
    """Reads and writes notes."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(self, user: UUID, page: int, limit: int) -> list[NoteRow]:
        """One page of a user's notes."""
        rows = await self._pool.fetch(
            f"SELECT {_COLUMNS} FROM notes WHERE user_id = $1"
            " ORDER BY created_at DESC, id LIMIT $2 OFFSET $3",
            user,
            limit,
            (page - 1) * limit,
        )
        return [NoteRow(**row) for row in rows]

    async def pinned(self, user: UUID, pinned: bool, page: int, limit: int) -> list[NoteRow]:
        """One page of a user's notes that are pinned, or of those that are not."""
        rows = await self._pool.fetch(
            f"SELECT {_COLUMNS} FROM notes WHERE user_id = $1 AND pinned = $2"
            " ORDER BY created_at DESC, id LIMIT $3 OFFSET $4",
            user,
            pinned,
            limit,
            (page - 1) * limit,
        )
        found = [NoteRow(**row) for row in rows]
        return found

    async def ordered(
        self, user: UUID, pinned: bool | None, sort: str, page: int, limit: int
    ) -> list[NoteRow]:
        """One page of a user's notes in an order; with `pinned`, of those alone."""
        rows = await self._pool.fetch(
            f"SELECT {_COLUMNS} FROM notes"
            " WHERE user_id = $1 AND ($2::boolean IS NULL OR pinned = $2)"
            f" ORDER BY {_ORDERS[sort]}, id LIMIT $3 OFFSET $4",
            user,
            pinned,
            limit,
            (page - 1) * limit,
        )
        return [NoteRow(**row) for row in rows]

    async def count_pinned(self, user: UUID, pinned: bool) -> int:
        """How many of them."""
        total: int = await self._pool.fetchval(
            "SELECT count(*) FROM notes WHERE user_id = $1 AND pinned = $2", user, pinned
        )
        return total

    async def count(self, user: UUID) -> int:
        """How many notes a user has."""
        total: int = await self._pool.fetchval(
            "SELECT count(*) FROM notes WHERE user_id = $1", user
        )
        return total

    async def add(self, user: UUID, title: str, content: str | None, pinned: bool) -> NoteRow:
        """Store a note, and that it was made."""
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                "INSERT INTO notes (user_id, title, content, pinned)"
                f" VALUES ($1, $2, $3, $4) RETURNING {_COLUMNS}",
                user,
                title,
                content,
                pinned,
            )
            assert row is not None
            await connection.execute(
                "INSERT INTO note_events (note_id, kind) VALUES ($1, $2)", row["id"], "made"
            )
        return NoteRow(**row)

    async def get(self, user: UUID, note: UUID) -> NoteRow | None:
        """One note of a user."""
        row = await self._pool.fetchrow(
            f"SELECT {_COLUMNS} FROM notes WHERE id = $1 AND user_id = $2", note, user
        )
        return NoteRow(**row) if row else None

    async def change(self, user: UUID, note: UUID, values: Mapping[str, object]) -> NoteRow | None:
        """Change some columns of a note."""
        sets = "".join(f"{name} = ${place}, " for place, name in enumerate(values, 3))
        row = await self._pool.fetchrow(
            f"UPDATE notes SET {sets}updated_at = now()"
            f" WHERE id = $1 AND user_id = $2 RETURNING {_COLUMNS}",
            note,
            user,
            *values.values(),
        )
        return NoteRow(**row) if row else None

    async def remove(self, user: UUID, note: UUID) -> bool:
        """Remove a note; False when there was none."""
        done = await self._pool.execute(
            "DELETE FROM notes WHERE id = $1 AND user_id = $2", note, user
        )
        return done == "DELETE 1"
