"""What a path names, and what the method makes of it."""

from __future__ import annotations

import pytest

from agent.binding.model import Action, PathColumn
from tests.binding.conftest import Derive
from tests.binding.phrases import UUID, WHOLE, maybe, operation, record, rows
from tests.binding.schemas import LIBRARY

SHELF = record(id=UUID, label={"type": "string"})
LABEL = record("label")
LABELLED = [{"name": "label", "in": "path", "required": True, "schema": {"type": "string"}}]


@pytest.mark.parametrize("path", ["/shelves", "/shelf", "/api/shelves", "/api/v1/Shelves", "/v2.1/shelves"])
def test_a_collection_is_found_in_every_spelling(derive: Derive, path: str) -> None:
    bound = derive(LIBRARY, f"{path}: {{get: {operation(answer=rows(SHELF))}}}").operations[0]
    assert (bound.action, bound.table, bound.resource) == (Action.LIST, "shelves", "shelves")


def test_what_every_path_begins_with_names_the_api(derive: Derive) -> None:
    get = operation(answer=rows(SHELF))
    shared = derive(LIBRARY, f"/town/library/shelves: {{get: {get}}}\n/town/library/ghosts: {{get: {get}}}")
    assert [bound.table for bound in shared.operations] == ["shelves", ""]
    assert derive(LIBRARY, f"/town/shelves: {{get: {get}}}\n/shelves: {{get: {get}}}").operations[0].hole
    assert derive(LIBRARY, f"/admin/shelves: {{get: {get}}}").operations[0].hole


@pytest.mark.parametrize(
    ("method", "body", "answer", "action"),
    [
        ("get", None, SHELF, Action.RETRIEVE),
        ("put", LABEL, SHELF, Action.REPLACE),
        ("patch", record(label=maybe({"type": "string"})), SHELF, Action.PATCH),
        ("delete", None, None, Action.DELETE),
    ],
)
def test_methods_of_an_item(derive: Derive, method: str, body: object, answer: object, action: Action) -> None:
    bound = derive(LIBRARY, f"/shelves/{{id}}: {{{method}: {operation(body=body, answer=answer)}}}").operations[0]
    assert bound.reason == ""
    assert bound.action is action
    assert bound.path == (PathColumn("id", "shelves", "id"),)


def test_posting_to_a_collection_creates(derive: Derive) -> None:
    bound = derive(LIBRARY, f"/shelves: {{post: {operation(body=LABEL, answer=SHELF, status='201')}}}").operations[0]
    assert bound.action is Action.CREATE


@pytest.mark.parametrize("name", ["id", "shelfId", "shelf_id", "shelfID", "uuid"])
def test_the_key_is_found_under_its_usual_names(derive: Derive, name: str) -> None:
    bound = derive(LIBRARY, f"/shelves/{{{name}}}: {{get: {operation(answer=SHELF)}}}").operations[0]
    assert [step.column for step in bound.path] == ["id"]


def test_a_path_that_ends_as_a_file_of_json_names_the_same(derive: Derive) -> None:
    get = operation(answer=SHELF)
    bound = derive(LIBRARY, f"/shelves/{{id}}.json: {{get: {get}}}").operations[0]
    assert (bound.action, [step.column for step in bound.path]) == (Action.RETRIEVE, ["id"])


def test_an_item_is_selected_by_its_key_where_the_parameter_bears_its_name(derive: Derive) -> None:
    tags = "CREATE TABLE tags (code text PRIMARY KEY, label text NOT NULL);"

    def found(name: str) -> list[str]:
        parameter = {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        get = operation(answer=record("label"), parameters=[parameter])
        return [step.column for step in derive(tags, f"/tags/{{{name}}}: {{get: {get}}}").operations[0].path]

    assert found("tag") == ["code"]
    assert found("word") == []


def test_any_number_may_select_by_a_whole_one(derive: Derive) -> None:
    tags = "CREATE TABLE tags (id bigint PRIMARY KEY, label text NOT NULL);"
    parameter = {"name": "id", "in": "path", "required": True, "schema": {"type": "number"}}
    get = operation(answer=record("label"), parameters=[parameter])
    assert derive(tags, f"/tags/{{id}}: {{get: {get}}}").operations[0].path == (
        PathColumn("id", "tags", "id", conversion="whole"),
    )


LARGE_ITEMS = """
CREATE TABLE large_items (id uuid PRIMARY KEY, label text NOT NULL);
CREATE TABLE crates (id uuid PRIMARY KEY);
"""


@pytest.mark.parametrize(
    ("name", "kind", "columns"),
    [
        ("itemId", UUID, ["id"]),
        ("thing_uuid", UUID, ["id"]),
        ("itemId", WHOLE, []),
        ("crateId", UUID, []),
        ("name", {"type": "string"}, []),
    ],
)
def test_an_id_behind_a_collection_is_its_key_unless_it_is_of_another_kind_or_another_thing(
    derive: Derive, name: str, kind: dict[str, str], columns: list[str]
) -> None:
    declared = [{"name": name, "in": "path", "required": True, "schema": kind}]
    paths = f"/large-items/{{{name}}}: {{get: {operation(answer=LABEL, parameters=declared)}}}"
    assert [step.column for step in derive(LARGE_ITEMS, paths).operations[0].path] == columns


def test_an_item_can_be_selected_by_another_unique_column(derive: Derive) -> None:
    declared = [{"name": "label", "in": "path", "required": True, "schema": {"type": "string"}}]
    paths = f"/shelves/{{label}}: {{get: {operation(answer=SHELF, parameters=declared)}}}"
    assert [step.column for step in derive(LIBRARY, paths).operations[0].path] == ["label"]


def test_a_part_of_an_item_is_linked_to_it(derive: Derive) -> None:
    chapter = record("heading", number=WHOLE)
    bound = derive(LIBRARY, f"/books/{{bookId}}/chapters: {{get: {operation(answer=rows(chapter))}}}").operations[0]
    assert bound.table == "chapters"
    assert bound.path == (PathColumn("bookId", "books", "id", link="book_id", joint="book_id"),)


def test_a_table_may_carry_the_name_of_what_it_is_a_part_of(derive: Derive) -> None:
    cover = record("colour")
    bound = derive(LIBRARY, f"/books/{{bookId}}/covers: {{get: {operation(answer=rows(cover))}}}").operations[0]
    assert (bound.table, bound.resource) == ("book_covers", "book_covers")


def test_an_item_can_be_selected_by_a_key_of_two_columns(derive: Derive) -> None:
    number = [{"name": "number", "in": "path", "required": True, "schema": {"type": "integer"}}]
    get = operation(answer=record("heading"), parameters=number)
    bound = derive(LIBRARY, f"/books/{{bookId}}/chapters/{{number}}: {{get: {get}}}").operations[0]
    assert [(step.column, step.link) for step in bound.path] == [("id", "book_id"), ("number", None)]


def test_several_levels_are_linked_one_to_the_next(derive: Derive) -> None:
    sql = """
    CREATE TABLE schools (id uuid PRIMARY KEY);
    CREATE TABLE classes (id uuid PRIMARY KEY, school_id uuid NOT NULL REFERENCES schools (id));
    CREATE TABLE pupils (id uuid PRIMARY KEY, class_id uuid NOT NULL REFERENCES classes (id), name text NOT NULL);
    """
    get = operation(answer=rows(record("name")))
    path = derive(sql, f"/schools/{{schoolId}}/classes/{{classId}}/pupils: {{get: {get}}}").operations[0].path
    assert [(step.table, step.joint, step.link) for step in path] == [
        ("schools", "school_id", None),
        ("classes", "class_id", "class_id"),
    ]


@pytest.mark.parametrize(
    ("path", "method", "said", "reason"),
    [
        ("/ghosts", "get", {"answer": rows(SHELF)}, "path part `ghosts` is no table of the schema"),
        ("/books/{id}/lend", "post", {"answer": None}, "path part `lend` is no table: an action on `books`"),
        ("/books/statistics", "get", {"answer": SHELF}, "`statistics` behind the whole collection `books` is no item"),
        ("/shelves/{id}/books", "get", {"answer": rows(SHELF)}, "no table of that name refers to `shelves`"),
        ("/shelves", "get", {"answer": SHELF}, "answers something else than a list"),
        ("/shelves", "put", {"body": LABEL}, "PUT on a collection has no settled meaning"),
        ("/shelves", "delete", {}, "DELETE on a collection has no settled meaning"),
        ("/shelves/{id}", "post", {"body": LABEL}, "POST on one item has no settled meaning"),
        ("/shelves/{ghost}", "get", {"answer": SHELF}, "path parameter `ghost` has no column in `shelves`"),
        ("/shelves", "post", {"body": LABEL, "status": "202"}, "202 is answered before the work is done"),
        ("/shelves", "post", {}, "a POST without a body"),
        ("/shelves/{id}", "get", {}, "no JSON answer is declared"),
        ("/authors/{author_id}/books", "get", {"answer": rows(SHELF)}, "`label` has no column in `books`"),
    ],
)
def test_what_cannot_be_derived_says_why(
    derive: Derive, path: str, method: str, said: dict[str, object], reason: str
) -> None:
    bound = derive(LIBRARY, f"{path}: {{{method}: {operation(**said)}}}").operations[0]  # type: ignore[arg-type]
    assert bound.hole
    assert reason in bound.reason
    assert bound.resource.isidentifier()


def test_two_links_to_the_same_parent_are_told_apart_by_the_parameter(derive: Derive) -> None:
    get = operation(answer=rows(record("title")))
    by_author = derive(LIBRARY, f"/authors/{{authorId}}/books: {{get: {get}}}").operations[0]
    by_any = derive(LIBRARY, f"/authors/{{id}}/books: {{get: {get}}}").operations[0]
    assert [step.link for step in by_author.path] == ["author_id"]
    assert "through `author_id` and `translator_id`, and nothing says which is meant" in by_any.reason


def test_a_parameter_that_selects_many_rows_is_no_item(derive: Derive) -> None:
    declared = [{"name": "colour", "in": "path", "required": True, "schema": {"type": "string"}}]
    get = operation(answer=record("colour"), parameters=declared)
    bound = derive(LIBRARY, f"/book-covers/{{colour}}: {{get: {get}}}").operations[0]
    assert bound.reason == "path parameter `colour` does not select one row: its column in `book_covers` is not unique"


def test_an_identifier_of_the_wrong_type_is_a_hole_and_one_in_text_is_converted(derive: Derive) -> None:
    def declared(kind: str) -> str:
        parameters = [{"name": "id", "in": "path", "required": True, "schema": {"type": kind}}]
        return operation(answer=SHELF, parameters=parameters)

    wrong = derive(LIBRARY, f"/shelves/{{id}}: {{get: {declared('integer')}}}").operations[0]
    text = derive(LIBRARY, f"/shelves/{{id}}: {{get: {declared('string')}}}").operations[0]
    assert wrong.reason == "`id` is integer, column `id` is uuid"
    assert text.path[0].conversion == "text"


def test_removing_is_a_hole_where_rows_can_be_marked_in_no_usual_way(derive: Derive) -> None:
    sql = "CREATE TABLE tasks (id uuid PRIMARY KEY, deleted_at timestamptz NOT NULL DEFAULT 'infinity');"
    bound = derive(sql, f"/tasks/{{id}}: {{delete: {operation(status='204')}}}").operations[0]
    assert "nothing says whether rows are removed or marked" in bound.reason


def test_a_hole_is_filed_under_the_deepest_table_of_its_path(derive: Derive) -> None:
    paths = f"/books/{{id}}/chapters/{{number}}/print: {{post: {operation()}}}\n/reports/yearly: {{get: {operation()}}}"
    printing, report = derive(LIBRARY, paths).operations
    assert (printing.table, printing.resource) == ("chapters", "chapters")
    assert (report.table, report.resource) == ("", "reports")


def test_what_headers_cookies_and_query_change_must_be_known(derive: Derive) -> None:
    def with_parameter(name: str, where: str) -> str:
        parameter = {"name": name, "in": where, "schema": {"type": "string"}}
        return f"/shelves/{{id}}: {{get: {operation(answer=SHELF, parameters=[parameter])}}}"

    assert derive(LIBRARY, with_parameter("X-Region", "header")).operations[0].reason == (
        "nothing says what the header `X-Region` does"
    )
    assert "cookie `theme`" in derive(LIBRARY, with_parameter("theme", "cookie")).operations[0].reason
    assert "query parameter `expand`" in derive(LIBRARY, with_parameter("expand", "query")).operations[0].reason
    assert not derive(LIBRARY, with_parameter("X-Request-ID", "header")).operations[0].hole


def test_what_stands_below_may_refer_to_another_column_than_the_one_that_selects(derive: Derive) -> None:
    sql = (
        LIBRARY
        + "CREATE TABLE labels (id uuid PRIMARY KEY, shelf_id uuid NOT NULL REFERENCES shelves (id), note text);"
    )
    get = operation(answer=rows(record(id=UUID)))
    bound = derive(
        sql, f"/shelves/{{label}}/labels: {{get: {operation(answer=rows(record(id=UUID)), parameters=LABELLED)}}}"
    )
    step = PathColumn("label", "shelves", "label", link="shelf_id", joint="shelf_id", key="id")
    assert (bound.operations[0].reason, bound.operations[0].path) == ("", (step,))
    by_key = derive(sql, f"/shelves/{{id}}/labels: {{get: {get}}}").operations[0]
    assert by_key.path == (PathColumn("id", "shelves", "id", link="shelf_id", joint="shelf_id"),)


def test_of_several_references_to_what_stands_above_none_is_meant_unless_it_is_named(derive: Derive) -> None:
    sql = LIBRARY + (
        "CREATE TABLE labels (id uuid PRIMARY KEY, shelf_id uuid NOT NULL REFERENCES shelves (id),"
        " former_id uuid REFERENCES shelves (id));"
    )
    get = operation(answer=rows(record(id=UUID)), parameters=LABELLED)
    reason = derive(sql, f"/shelves/{{label}}/labels: {{get: {get}}}").operations[0].reason
    assert "through `former_id` and `shelf_id`, and nothing says which is meant" in reason
