"""What comes in and goes out, in the contract's spelling."""

import datetime as dt
import re
import uuid
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    EmailStr,
    Field,
    StrictInt,
)
from pydantic.alias_generators import to_camel

from src.models import Kind

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold U+0000")
    return text


def _day(value: object) -> object:
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValueError("must be a day such as 2026-01-31")
    if isinstance(value, int | float):
        raise ValueError("must be a text")
    return value


Text = Annotated[str, AfterValidator(_storable)]
Day = Annotated[dt.date, BeforeValidator(_day)]


class _Said(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")


class _Shown(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_alias=False,
        validate_by_name=True,
        serialize_by_alias=True,
        from_attributes=True,
        extra="forbid",
    )


class NewMember(_Said):
    """Joining."""

    email: Annotated[EmailStr, Field(max_length=200)]
    display_name: Annotated[Text, Field(min_length=1, max_length=60)]
    password: Annotated[str, Field(min_length=12, max_length=128)]


class Member(_Shown):
    """A member."""

    id: uuid.UUID
    email: EmailStr
    display_name: str
    created_at: dt.datetime


class Login(_Said):
    """Who one is, and how one shows it."""

    email: Annotated[EmailStr, Field(max_length=200)]
    password: Annotated[str, Field(min_length=1, max_length=128)]


class Session(_Shown):
    """To be sent along."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int


class ToolOffer(_Said):
    """All that an owner says of a tool."""

    title: Annotated[Text, Field(min_length=1, max_length=80)]
    description: Annotated[Text | None, Field(max_length=500)] = None
    kind: Kind
    daily_price_cents: Annotated[StrictInt, Field(ge=0, le=100_000)]


class Tool(_Shown):
    """A tool."""

    id: uuid.UUID
    owner_id: uuid.UUID
    title: str
    description: str | None
    kind: Kind
    daily_price_cents: int
    created_at: dt.datetime
    updated_at: dt.datetime


class ToolPage(_Shown):
    """Some tools."""

    items: list[Tool]
    next_cursor: uuid.UUID | None


class LoanRequest(_Said):
    """What to borrow, and for how long."""

    tool_id: uuid.UUID
    due_on: Day
    remark: Annotated[Text | None, Field(max_length=300)] = None


class Loan(_Shown):
    """A loan."""

    id: uuid.UUID
    tool_id: uuid.UUID
    member_id: uuid.UUID
    due_on: dt.date
    remark: str | None
    created_at: dt.datetime


class LoanPage(_Shown):
    """Some loans."""

    items: list[Loan]
    next_cursor: uuid.UUID | None
