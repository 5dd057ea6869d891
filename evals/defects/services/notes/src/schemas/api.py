"""Bodies and answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    EmailStr,
    Field,
    StrictBool,
    StringConstraints,
    field_validator,
)
from pydantic.json_schema import SkipJsonSchema


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold the character U+0000")
    return text


Title = Annotated[str, StringConstraints(min_length=1, max_length=120), AfterValidator(_storable)]
Password = Annotated[
    str, Field(min_length=10, max_length=128, json_schema_extra={"writeOnly": True})
]
Sort = Literal["title", "-title", "created_at", "-created_at"]
Content = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_storable)]


class _Model(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Credentials(_Model):
    """Who somebody says to be."""

    email: Annotated[EmailStr, Field(max_length=254)]
    password: Annotated[
        str, Field(min_length=10, max_length=128, json_schema_extra={"writeOnly": True})
    ]


class User(_Model):
    """A user, without secrets."""

    id: UUID
    email: EmailStr
    created_at: datetime


class Token(_Model):
    """What a login gives."""

    access_token: str
    token_type: str


class NewNote(_Model):
    """A note to be."""

    title: Title
    content: Content | None = None
    pinned: StrictBool = False


class NoteChanges(_Model):
    """Part of a note."""

    title: Title | SkipJsonSchema[None] = None
    content: Content | None = None
    pinned: StrictBool | SkipJsonSchema[None] = None

    @field_validator("title", "pinned", mode="before")
    @classmethod
    def _there(cls, value: object) -> object:
        if value is None:
            raise ValueError("must not be null")
        return value


class Note(_Model):
    """A note."""

    id: UUID
    title: str
    content: str | None
    pinned: bool
    created_at: datetime
    updated_at: datetime


class Page(_Model):
    """Where a list stands."""

    page: int
    total: int


class NoteList(_Model):
    """Some notes."""

    data: list[Note]
    meta: Page


class Problem(_Model):
    """What went wrong."""

    message: str
    code: str


class ErrorBody(_Model):
    """The body of every refusal."""

    error: Problem
