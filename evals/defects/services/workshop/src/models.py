"""Tables, mapped."""

import datetime as dt
import enum
import uuid

from sqlalchemy import DateTime, Enum, ForeignKey, func
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column


class Base(MappedAsDataclass, DeclarativeBase):
    """Of all tables."""


class Stamped(MappedAsDataclass):
    """What every row has."""

    id: Mapped[uuid.UUID] = mapped_column(
        primary_key=True, server_default=func.gen_random_uuid(), init=False
    )
    created_at: Mapped[dt.datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), init=False
    )
    updated_at: Mapped[dt.datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now(), init=False
    )


class Kind(enum.StrEnum):
    """Of tools."""

    HAND = "hand"
    POWER = "power"
    GARDEN = "garden"


class Member(Stamped, Base):
    """Somebody who lends and borrows."""

    __tablename__ = "members"

    email: Mapped[str]
    display_name: Mapped[str]
    password_digest: Mapped[str]


class Tool(Stamped, Base):
    """Something to borrow."""

    __tablename__ = "tools"

    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    title: Mapped[str]
    description: Mapped[str | None]
    kind: Mapped[Kind] = mapped_column(
        Enum(Kind, name="tool_kind", values_callable=lambda kinds: [one.value for one in kinds])
    )
    daily_price_cents: Mapped[int]


class Loan(Stamped, Base):
    """Who has what."""

    __tablename__ = "loans"

    tool_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tools.id"))
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    due_on: Mapped[dt.date]
    remark: Mapped[str | None]
