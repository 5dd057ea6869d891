"""Errors are answered in the contract's own shape."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from agent.contract.loading import load_contract
from agent.contract.model import Contract
from agent.stacks.python_fastapi.blueprint.failures import failure_lines, failure_media, failure_shapes

TEXT = {"type": "string"}
MESSAGES = {"type": "array", "items": TEXT}
DETAIL = SimpleNamespace(field="body.name", message="too long")


def contract(schema: dict[str, Any] | None, *, status: str = "404", media: str = "application/json") -> Contract:
    content = {} if schema is None else {"content": {media: {"schema": schema}}}
    return load_contract(
        {
            "openapi": "3.1.0",
            "info": {"title": "t", "version": "1"},
            "paths": {
                "/a": {"get": {"responses": {"200": {"description": "d"}, status: {"description": "e", **content}}}}
            },
        }
    )


def answered(schema: dict[str, Any] | None, *, details: list[Any] | None = None, invalid: bool = False) -> Any:
    lines = failure_lines(contract(schema), invalid=invalid)
    scope: dict[str, Any] = {
        "Any": Any,
        "FieldProblem": lambda field, message: SimpleNamespace(field=field, message=message),
    }
    body = "\n    ".join(lines)
    exec(f"def make(status, code, message, details):\n    {body}", scope)
    return scope["make"](404, "not_found", "There is none.", details or [])


def object_of(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required or [], "properties": properties}


def test_without_a_shape_of_its_own_a_contract_gets_the_envelope() -> None:
    assert answered(None) == {"error": {"message": "There is none.", "code": "not_found"}}


def test_details_stand_where_the_contract_has_a_place_for_them() -> None:
    item = object_of(["field", "message"], field=TEXT, message=TEXT)
    schema = object_of(
        ["error"],
        error=object_of(["message", "code"], message=TEXT, code=TEXT, details={"type": "array", "items": item}),
    )

    assert answered(schema) == {"error": {"message": "There is none.", "code": "not_found"}}
    assert answered(schema, details=[DETAIL])["error"]["details"] == [{"field": "body.name", "message": "too long"}]


def test_without_a_place_for_details_the_message_tells_them() -> None:
    made = answered(object_of(["message"], message=TEXT), details=[DETAIL])

    assert made == {"message": "There is none.; body.name: too long"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (object_of(["detail"], detail=TEXT), {"detail": "There is none."}),
        (object_of(error=TEXT), {"error": "There is none."}),
        (
            object_of(type={"type": "string", "format": "uri"}, title=TEXT, status={"type": "integer"}, detail=TEXT),
            {"type": "about:blank", "title": "There is none.", "status": 404, "detail": "There is none."},
        ),
        (object_of(["code"], code={"type": "integer"}, message=TEXT), {"code": 404, "message": "There is none."}),
    ],
)
def test_shapes_of_others(schema: dict[str, Any], expected: dict[str, Any]) -> None:
    assert answered(schema) == expected


def test_the_list_of_fastapi_is_filled_even_without_details() -> None:
    item = object_of(["loc", "msg", "type"], loc={"type": "array", "items": TEXT}, msg=TEXT, type=TEXT)
    made = answered(object_of(detail={"type": "array", "items": item}), details=[DETAIL])

    assert made == {"detail": [{"loc": ["body", "name"], "msg": "too long", "type": "not_found"}]}


def test_a_map_of_fields_to_messages_is_filled() -> None:
    texts = {"type": "array", "items": TEXT}
    schema = object_of(["message", "errors"], message=TEXT, errors={"type": "object", "additionalProperties": texts})

    assert answered(schema, details=[DETAIL, DETAIL])["errors"] == {"body.name": ["too long", "too long"]}
    assert answered(schema) == {"message": "There is none.", "errors": {"base": ["There is none."]}}
    optional = object_of(message=TEXT, fields={"type": "object", "additionalProperties": TEXT})
    assert answered(optional) == {"message": "There is none."}
    assert answered(optional, details=[DETAIL])["fields"] == {"body.name": "too long"}


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        (object_of(["message", "statusCode"], statusCode={"type": "integer"}, message=MESSAGES), ("message",)),
        (object_of(["errors"], errors=object_of(["body"], body=MESSAGES)), ("errors", "body")),
        (object_of(errors=object_of(full_messages=MESSAGES)), ("errors", "full_messages")),
        (
            object_of(["error"], error=object_of(["code", "messages"], code=TEXT, messages=MESSAGES)),
            ("error", "messages"),
        ),
    ],
    ids=["NestJS", "Rails", "without what is required", "beside a code"],
)
def test_a_list_of_messages_is_filled_whatever_it_is_called(schema: dict[str, Any], path: tuple[str, ...]) -> None:
    for details, expected in (([], "There is none."), ([DETAIL], "body.name: too long")):
        found = answered(schema, details=details)
        for part in path:
            found = found[part]
        assert found == [expected]


def test_the_media_type_is_the_contract_s() -> None:
    assert failure_media(contract(object_of(), media="application/problem+json")) == "application/problem+json"
    assert failure_media(contract(None)) == "application/json"


def declaring(**schemas: dict[str, Any]) -> Contract:
    """A contract in which operations answer these, by status: `answer_404`."""
    responses = {
        name.partition("_")[2]: {
            "description": "d",
            "content": {f"application/{name.partition('_')[0]}": {"schema": one}},
        }
        for name, one in schemas.items()
    }
    other = {"404": responses["404"]} if "404" in responses else {}
    return load_contract(
        {
            "openapi": "3.1.0",
            "info": {"title": "t", "version": "1"},
            "paths": {
                "/a": {"get": {"responses": {"200": {"description": "d"}, **responses}}},
                "/b": {"get": {"responses": {"200": {"description": "d"}, **other}}},
            },
        }
    )


def test_a_status_has_the_shape_that_the_contract_gives_it() -> None:
    slow = object_of(["retryAfter", "reason"], retryAfter={"type": "integer"}, reason=TEXT)
    made = declaring(
        json_404=object_of(["message"], message=TEXT), json_429=slow, json_422=object_of(["error"], error=TEXT)
    )

    usual, *others = failure_shapes(made)

    assert (usual.name, usual.statuses, set(usual.inputs)) == ("_failure", (), {"message", "details"})
    assert {one.name: one.statuses for one in others} == {"_invalid": (400, 422), "_failure_429": (429,)}
    assert {"retry_after", "message"} <= others[1].inputs.keys()
    assert "{'retryAfter': retry_after, 'reason': message}" in others[1].lines[-2]


def test_a_status_has_the_media_type_that_the_contract_gives_it() -> None:
    problem, same = object_of(["title"], title=TEXT), object_of(["message"], message=TEXT)
    made = declaring(**{"json_404": same, "problem+json_409": problem, "json_400": same, "json_422": same})

    assert {one.statuses: one.media for one in failure_shapes(made)} == {
        (): "application/json",
        (409,): "application/problem+json",
    }


def test_operations_that_say_an_error_otherwise_than_most_have_their_own_shape() -> None:
    usual, other = object_of(["message"], message=TEXT), object_of(["title"], title=TEXT)
    answers = {
        name: {"description": "d", "content": {"application/json": {"schema": one}}}
        for name, one in (("u", usual), ("o", other))
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {
            "/a": {"get": {"responses": {"404": answers["u"], "409": answers["u"]}}},
            "/b": {"get": {"responses": {"404": answers["u"], "409": answers["u"]}}},
            "/c": {"get": {"responses": {"404": answers["o"], "409": {"description": "d"}}}},
        },
    }

    shapes = failure_shapes(load_contract(document))

    assert {one.name: (one.statuses, one.places) for one in shapes} == {
        "_failure": ((), ()),
        "_failure_apart_1": ((), (("GET /c", 404),)),
    }
