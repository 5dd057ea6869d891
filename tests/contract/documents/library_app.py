"""A FastAPI application whose derived document is kept in `library_derived.json`; `library.yaml` is its contract.

Run with FastAPI 0.165 and `email-validator` to make the document anew: `python library_app.py > library_derived.json`.
"""

# mypy: ignore-errors
# ruff: noqa: ARG001
from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, FastAPI, File, HTTPException, Path, Query, Security, UploadFile
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, EmailStr, Field, HttpUrl

bearer = HTTPBearer()


class Author(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=80)]
    email: EmailStr | None = None
    website: HttpUrl | None = None


class NewBook(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: Annotated[str, Field(min_length=1, max_length=200)]
    pages: Annotated[int, Field(gt=0)] | None = None
    kind: Literal["novel", "poetry"] = "novel"
    binding: Literal["paper"] | None = None
    published: date | None = None
    authors: list[Author] = []
    labels: dict[str, str] = {}


class Book(BaseModel):
    id: UUID
    title: str
    kind: Literal["novel", "poetry"]
    pages: int | None = None
    sequel: Book | None = None


class Page(BaseModel):
    data: list[Book]
    total: Annotated[int, Field(ge=0)]


class Token(BaseModel):
    access_token: str


class Problem(BaseModel):
    message: str


PROBLEM = {"model": Problem, "description": "Refused"}
router = APIRouter(responses={"4XX": PROBLEM})


@router.get("/books", response_model=Page)
async def list_books(
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    kind: Literal["novel", "poetry"] | None = None,
    tags: Annotated[list[str] | None, Query()] = None,
) -> Page:
    raise HTTPException(500)


@router.post("/books", status_code=201, response_model=Book, dependencies=[Security(bearer)])
async def create_book(body: NewBook) -> Book:
    raise HTTPException(500)


@router.get("/books/{book_id}", response_model=Book)
async def get_book(book_id: Annotated[UUID, Path()]) -> Book:
    raise HTTPException(500)


@router.delete("/books/{book_id}", status_code=204, dependencies=[Security(bearer)])
async def delete_book(book_id: UUID) -> None:
    raise HTTPException(500)


@router.put("/books/{book_id}/cover", status_code=204, dependencies=[Security(bearer)])
async def put_cover(book_id: UUID, file: Annotated[UploadFile, File()]) -> None:
    raise HTTPException(500)


app = FastAPI(title="Library", version="1.0.0")
app.include_router(router, prefix="/api/v1")


if __name__ == "__main__":
    print(json.dumps(app.openapi(), indent=1))
