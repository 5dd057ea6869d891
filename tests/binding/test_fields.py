"""Properties of bodies and answers, and the columns behind them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.binding.model import Bound, Embedded, Field
from agent.binding.narrowing import narrowed
from tests.binding.conftest import Derive
from tests.binding.phrases import DAY, TEXT, TIME, UUID, WHOLE, maybe, operation, record, rows
from tests.binding.schemas import LIBRARY

BODY = record("title", "isbn", authorId=UUID)
AUTHOR = record("name", id=UUID)


def reading(derive: Derive, **properties: Any) -> Bound:
    """What reading one book with these properties is bound to."""
    return derive(LIBRARY, f"/books/{{id}}: {{get: {operation(answer=record(**properties))}}}").operations[0]


def writing(derive: Derive, **properties: Any) -> Bound:
    """What adding a book with these properties, beside the ones that it must have, is bound to."""
    body = record("title", "isbn", authorId=UUID, **properties)
    return derive(LIBRARY, f"/books: {{post: {operation(body=body, status='201')}}}").operations[0]


def field_of(bound: Bound, name: str) -> Field:
    assert bound.reason == ""
    return next(field for field in (*bound.body, *bound.answer) if field.property == name)


@pytest.mark.parametrize(
    ("name", "schema", "column"),
    [
        ("title", TEXT, "title"),
        ("bookTitle", TEXT, "title"),
        ("authorId", UUID, "author_id"),
        ("author_id", UUID, "author_id"),
        ("author", UUID, "author_id"),
        ("bookId", UUID, "id"),
        ("createdAt", TIME, "created_at"),
        ("created", TIME, "created_at"),
        ("dateCreated", TIME, "created_at"),
        ("creationDate", TIME, "created_at"),
        ("lastModified", TIME, "updated_at"),
        ("lent", {"type": "boolean"}, "is_lent"),
        ("isLent", {"type": "boolean"}, "is_lent"),
        ("tags", rows(TEXT), "tags"),
        ("details", {"type": ["object", "null"], "properties": {"a": TEXT}}, "details"),
    ],
)
def test_a_column_is_found_under_its_usual_names(derive: Derive, name: str, schema: Any, column: str) -> None:
    assert field_of(reading(derive, **{name: schema}), name).column == column


@pytest.mark.parametrize(
    ("name", "schema", "reason"),
    [
        ("rating", WHOLE, "answer property `rating` has no column in `books`"),
        ("chapterCount", WHOLE, "answer property `chapterCount` has no column in `books`"),
        ("author", TEXT, "answer property `author` has no column in `books`"),
        ("publisher", AUTHOR, "`publisher` is an object, and `books` has no foreign key of that name"),
        ("shelves", rows(AUTHOR), "`shelves` is a list, and no table of that name refers to `books`"),
        ("title", WHOLE, "`title` is integer, column `title` is character varying(200)"),
        ("isLent", TEXT, "`isLent` is string, column `is_lent` is boolean"),
        ("publishedOn", TIME, "`publishedOn` is string (date-time), column `published_on` is date"),
        ("price", WHOLE, "`price` is integer, column `price` is numeric(8,2)"),
        ("tags", TEXT, "`tags` is string, column `tags` is text[]"),
        ("title", {"oneOf": [TEXT, WHOLE]}, "`title` has several alternatives"),
        ("format", {"enum": ["paper"]}, "column `format` can be `audio`, which `format` does not allow"),
        ("publishedOn", DAY, "answer property `publishedOn` is never null, column `published_on` can be"),
    ],
)
def test_an_answer_that_nothing_gives_is_a_hole(derive: Derive, name: str, schema: Any, reason: str) -> None:
    assert reason in reading(derive, **{name: schema}).reason


@pytest.mark.parametrize(
    ("name", "schema", "reason"),
    [
        ("rating", WHOLE, "body property `rating` has no column in `books`"),
        ("rating", maybe(WHOLE), "body property `rating` has no column in `books`"),
        ("title2", TEXT, "body property `title2` has no column in `books`"),
        ("pages", {"type": "boolean"}, "`pages` is boolean, column `pages` is integer"),
        ("format", {"enum": ["paper", "stone"]}, "`format` allows `stone`, which the enum format lacks"),
        ("author_id", UUID, "several body properties mean the column `author_id`"),
        ("createdAt", TIME, "body property `createdAt` sets `created_at`, which the service keeps itself"),
        ("covers", rows(record("colour")), "body property `covers` has no column in `books`"),
    ],
)
def test_a_body_that_cannot_be_stored_is_a_hole(derive: Derive, name: str, schema: Any, reason: str) -> None:
    assert reason in writing(derive, **{name: schema}).reason


@pytest.mark.parametrize(
    ("keyword", "reason"), [("anyOf", ""), ("oneOf", "the body is no object with named properties")]
)
def test_a_body_may_need_one_of_several_properties(derive: Derive, keyword: str, reason: str) -> None:
    either = {keyword: [{"required": ["pages"]}, {"required": ["tags"]}]}
    body = {**record("title", "isbn", authorId=UUID), **either}
    body["properties"] |= {"pages": WHOLE, "tags": rows(TEXT)}
    bound = derive(LIBRARY, f"/books: {{post: {operation(body=body, status='201')}}}").operations[0]
    assert bound.reason == reason
    assert [one.required for one in bound.body[-2:]] == [False, False] * (not reason)


def test_a_form_that_needs_one_of_several_fields_is_a_hole(derive: Derive) -> None:
    body = {**record("title", "isbn", "authorId"), "anyOf": [{"required": ["title"]}, {"required": ["isbn"]}]}
    post = json.loads(operation(body=body, status="201"))
    content = post["requestBody"]["content"]
    content["application/x-www-form-urlencoded"] = content.pop("application/json")
    reason = derive(LIBRARY, json.dumps({"/books": {"post": post}})).operations[0].reason
    assert reason == "the body is a form that needs one of several fields"


def test_every_reason_is_told_and_not_only_the_first(derive: Derive) -> None:
    assert writing(derive, rating=WHOLE, mood=TEXT).reason == (
        "body property `rating` has no column in `books`; body property `mood` has no column in `books`"
    )


@pytest.mark.parametrize(
    ("name", "schema", "conversion"),
    [
        ("price", {"type": "number"}, "number"),
        ("price", TEXT, "text"),
        ("id", TEXT, "text"),
        ("pages", TEXT, "text"),
        ("createdAt", DAY, "date"),
        ("createdAt", TIME, ""),
        ("pages", {"type": "number"}, ""),
        ("format", TEXT, ""),
        ("title", {"type": "string", "format": "uuid"}, "printed uuid"),
        ("title", DAY, "printed date"),
        ("title", TIME, "printed date-time"),
    ],
)
def test_types_that_differ_are_converted(derive: Derive, name: str, schema: Any, conversion: str) -> None:
    assert field_of(reading(derive, **{name: schema}), name).conversion == conversion


@pytest.mark.parametrize(
    ("name", "schema", "conversion"),
    [
        ("pages", {"type": "number"}, "whole"),
        ("pages", maybe({"type": "number"}), "whole"),
        ("price", {"type": "number"}, "number"),
        ("price", WHOLE, "integer"),
    ],
)
def test_a_number_is_stored_whole_where_the_column_holds_no_places(
    derive: Derive, name: str, schema: Any, conversion: str
) -> None:
    assert next(one for one in writing(derive, **{name: schema}).body if one.property == name).conversion == conversion


def test_a_column_that_holds_less_than_the_contract_lets_clients_send_is_told(derive: Derive) -> None:
    body = record("title", "isbn", authorId=UUID, pages={"type": "number"})
    said = "`type: number`: the column holds whole numbers, and one with places is refused"
    assert narrowed(derive(LIBRARY, f"/books: {{post: {operation(body=body, status='201')}}}")) == (
        f"{said}: #/paths/~1books/post/requestBody (`pages`)",
    )


ADDRESSES = "CREATE TABLE countries (code char(2) PRIMARY KEY, name text NOT NULL); " + (
    "CREATE TABLE addresses (id uuid PRIMARY KEY, {} NOT NULL);"
)


@pytest.mark.parametrize(
    ("column", "name", "found"),
    [
        ("country_code char(2)", "country", "country_code"),
        ("country char(2)", "countryCode", "country"),
        ("home_country_code text", "homeCountry", "home_country_code"),
        ("zip_code text", "zip", ""),
        ("country_code smallint", "country", ""),
        ("country_code char(2) REFERENCES countries (code)", "country", ""),
    ],
)
def test_a_country_is_its_code_unless_it_is_a_row_with_a_name(
    derive: Derive, column: str, name: str, found: str
) -> None:
    bound = derive(
        ADDRESSES.format(column), f"/addresses: {{get: {operation(answer=rows(record(**{name: TEXT})))}}}"
    ).operations[0]
    assert [field.column for field in bound.answer] == [found] * bool(found)


def test_a_moment_without_zone_is_taken_as_utc(derive: Derive) -> None:
    sql = "CREATE TABLE visits (id uuid PRIMARY KEY, arrived timestamp NOT NULL);"
    bound = derive(sql, f"/visits: {{get: {operation(answer=rows(record(arrived=TIME)))}}}").operations[0]
    assert bound.answer == (Field("arrived", "arrived", True, conversion="utc"),)


def test_money_without_places_may_be_an_integer(derive: Derive) -> None:
    sql = "CREATE TABLE prizes (id uuid PRIMARY KEY, amount numeric(12, 0) NOT NULL);"
    bound = derive(sql, f"/prizes: {{get: {operation(answer=rows(record(amount=WHOLE)))}}}").operations[0]
    assert bound.answer == (Field("amount", "amount", True, conversion="integer"),)


def test_what_is_optional_and_unknown_is_left_out_of_the_answer(derive: Derive) -> None:
    bound = reading(derive, title=TEXT, rating=maybe(WHOLE), publishedOn=maybe(DAY))
    assert bound.left_out == ("rating",)
    assert field_of(bound, "publishedOn").absent_when_null


def test_a_column_is_never_null_when_every_way_to_write_it_gives_it_a_value(derive: Derive) -> None:
    sql = "CREATE TABLE pets (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text, born date DEFAULT now());"
    pet = record("name", id=UUID, born=DAY)
    post = operation(body=record("name"), answer=pet, status="201")
    patch = operation(body=record(name=maybe({"type": ["string", "null"]})), answer=pet)
    assert not derive(sql, f"/pets: {{post: {post}}}").holes
    both = derive(sql, f"/pets: {{post: {post}}}\n/pets/{{id}}: {{patch: {patch}}}")
    assert {bound.reason for bound in both.holes} == {"answer property `name` is never null, column `name` can be"}


def test_an_object_is_read_through_the_foreign_key_of_its_name(derive: Derive) -> None:
    fields = (Field("name", "name", True), Field("id", "id", True))
    assert field_of(reading(derive, author=AUTHOR), "author") == Field(
        "author", "author_id", True, Embedded("authors", ("id",), ("author_id",), fields)
    )


def test_an_object_behind_an_empty_link_is_null_or_left_out(derive: Derive) -> None:
    nullable = {"anyOf": [AUTHOR, {"type": "null"}]}
    assert not field_of(reading(derive, translator=nullable), "translator").absent_when_null
    assert field_of(reading(derive, title=TEXT, translator=maybe(AUTHOR)), "translator").absent_when_null
    assert "never null" in reading(derive, translator=AUTHOR).reason


def test_a_list_of_objects_is_the_rows_that_point_here(derive: Derive) -> None:
    covers = field_of(reading(derive, covers=rows(record("colour"))), "covers")
    assert covers.embedded == Embedded(
        "book_covers", ("book_id",), ("id",), (Field("colour", "colour", True),), many=True
    )


def test_an_object_that_can_come_through_two_links_is_a_hole(derive: Derive) -> None:
    sql = """
    CREATE TABLE people (id uuid PRIMARY KEY, name text NOT NULL);
    CREATE TABLE letters (
        id uuid PRIMARY KEY, sender_id uuid NOT NULL REFERENCES people, receiver_id uuid NOT NULL REFERENCES people
    );
    """
    get = operation(answer=rows(record(person=record("name"))))
    assert derive(sql, f"/letters: {{get: {get}}}").operations[0].reason == (
        "answer property `person` can come through the foreign keys `receiver_id` and `sender_id` of `letters`"
    )


def test_objects_that_contain_each_other_are_a_hole_where_they_never_end(derive: Derive) -> None:
    schemas = """
    Person:
      type: object
      required: [name, boss]
      properties: {name: {type: string}, boss: {$ref: "#/components/schemas/Person"}}
    """
    sql = "CREATE TABLE people (id uuid PRIMARY KEY, name text NOT NULL, boss_id uuid NOT NULL REFERENCES people);"
    get = operation(answer=rows({"$ref": "#/components/schemas/Person"}))
    assert "nests rows deeper" in derive(sql, f"/people: {{get: {get}}}", schemas).operations[0].reason


def test_a_property_that_can_mean_two_columns_is_a_hole(derive: Derive) -> None:
    sql = 'CREATE TABLE rooms (id uuid PRIMARY KEY, "bedCount" int NOT NULL, bed_count int NOT NULL);'
    get = operation(answer=rows(record(BedCount=WHOLE)))
    assert derive(sql, f"/rooms: {{get: {get}}}").operations[0].reason == (
        "`BedCount` can mean the columns `bedCount` and `bed_count` of `rooms`"
    )


def test_properties_for_reading_only_are_not_written_and_the_other_way_round(derive: Derive) -> None:
    book = record(
        "title", "isbn", authorId=UUID, id={**UUID, "readOnly": True}, pages=maybe({**WHOLE, "writeOnly": True})
    )
    bound = derive(LIBRARY, f"/books: {{post: {operation(body=book, answer=book, status='201')}}}").operations[0]
    assert {field.property for field in bound.body} == {"title", "isbn", "authorId", "pages"}
    assert {field.property for field in bound.answer} == {"title", "isbn", "authorId", "id"}


def test_a_key_without_meaning_is_not_changed_by_a_body_that_repeats_it(derive: Derive) -> None:
    put = operation(body=record("label", id=UUID))
    bound = derive(LIBRARY, f"/shelves/{{id}}: {{put: {put}}}").operations[0]
    assert [field.property for field in bound.body] == ["label"]


def test_a_key_with_a_meaning_cannot_be_changed_by_a_body(derive: Derive) -> None:
    put = operation(body=record("code", "name"))
    code = {"name": "code", "in": "path", "required": True, "schema": {"type": "string"}}
    bound = derive(
        "CREATE TABLE countries (code text PRIMARY KEY, name text NOT NULL);",
        json.dumps({"/countries/{code}": {"parameters": [code], "put": json.loads(put)}}),
    ).operations[0]
    assert bound.reason == "body property `code` would change the key `code`"


def test_moments_that_the_service_keeps_are_not_taken_from_a_body_that_may_carry_them(derive: Derive) -> None:
    post = operation(body=record("title", "isbn", authorId=UUID, createdAt=maybe(TIME)), status="201")
    bound = derive(LIBRARY, f"/books: {{post: {post}}}").operations[0]
    assert [field.property for field in bound.body] == ["title", "isbn", "authorId"]


def test_a_number_that_only_the_database_gives_is_not_taken_from_a_body_that_may_carry_it(derive: Derive) -> None:
    post = operation(body=record("colour", id=maybe(WHOLE)), status="201")
    bound = derive(LIBRARY, f"/books/{{bookId}}/covers: {{post: {post}}}").operations[0]
    assert [field.property for field in bound.body] == ["colour"]


def test_a_column_that_only_the_database_fills_is_not_written(derive: Derive) -> None:
    post = operation(body=record("colour", id=WHOLE), status="201")
    bound = derive(LIBRARY, f"/books/{{bookId}}/covers: {{post: {post}}}").operations[0]
    assert bound.reason == "body property `id` writes the column `id`, which only the database fills"
