"""A document that is slightly invalid but clear in meaning is read as it is meant, and what was assumed is told."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from agent.contract.loading import load_contract
from agent.contract.model import Contract
from agent.contract.yaml_source import parse_yaml
from agent.errors import ContractError
from tests.contract.test_properties import LIBRARY, values

HEAD = "info: {title: Shop, version: '1'}\n"


def read(schema: Any, version: str = "3.1.0") -> Contract:
    """The contract that answers with this schema."""
    answer = {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/It"}}}}
    return load_contract(
        {
            "openapi": version,
            "info": {"title": "Shop", "version": "1"},
            "paths": {"/things": {"get": {"responses": {"200": answer}}}},
            "components": {"schemas": {"It": schema}},
        }
    )


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize(
    ("schema", "meant"),
    [
        ({"type": "Object"}, {"type": "object"}),
        ({"type": "int"}, {"type": "integer"}),
        ({"type": "long"}, {"type": "integer", "format": "int64"}),
        ({"type": "string | null"}, {"type": ["string", "null"]}),
        ({"type": "string?"}, {"type": ["string", "null"]}),
        ({"type": "datetime"}, {"type": "string", "format": "date-time"}),
        ({"type": "uuid"}, {"type": "string", "format": "uuid"}),
        ({"type": "any"}, {}),
        ({"type": "string", "maxLength": "5"}, {"type": "string", "maxLength": 5}),
        (
            {"type": "object", "properties": {"a": {"type": "string", "required": True}}},
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        ),
        ({"type": "object", "required": "a"}, {"type": "object", "required": ["a"]}),
        ({"type": "array", "items": [{"type": "string"}]}, {"type": "array", "items": {"type": "string"}}),
    ],
)
def test_what_a_schema_means_is_read_and_noted(schema: Any, meant: Any, version: str) -> None:
    contract = read(schema, version)
    assert contract.schemas["It"] == meant
    assert all(note.startswith("inline: #/components/schemas/It") for note in contract.notes)
    assert contract.notes


@pytest.mark.parametrize(
    ("schema", "meant"),
    [
        ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
        ({"const": "book"}, {"enum": ["book"]}),
        ({"type": "integer", "exclusiveMinimum": 5}, {"type": "integer", "exclusiveMinimum": 5}),
    ],
)
def test_a_3_0_document_may_speak_like_a_3_1_one(schema: Any, meant: Any) -> None:
    contract = read(schema, "3.0.3")
    assert contract.schemas["It"] == meant
    assert len(contract.notes) == 1


def test_operations_are_read_as_they_are_meant(tmp_path: Path) -> None:
    path = tmp_path / "api.yaml"
    path.write_text(
        "openapi: 3.0\n"
        "info: {title: Shop, version: 1.0}\n"
        "paths:\n"
        "  things/{id}:\n"
        "    get:\n"
        "      tags: things\n"
        "      parameters:\n"
        "        - {name: q, in: Query, type: int}\n"
        "      responses: {200: {}, 4xx: {description: no}}\n"
    )
    contract = load_contract(path)
    (operation,) = contract.operations
    assert (operation.path, operation.tags) == ("/things/{id}", ("things",))
    assert {(one.name, one.location, one.required) for one in operation.parameters} == {
        ("q", "query", False),
        ("id", "path", True),
    }
    assert [answer.status for answer in operation.answers] == ["200", "4XX"]
    assert "api.yaml:4: #/paths/things~1{id}: is read as `/things/{id}`: a path begins with a slash" in contract.notes
    assert not load_contract(contract.document, strict=True).notes


def test_strict_refuses_what_lenience_reads(tmp_path: Path) -> None:
    path = tmp_path / "api.yaml"
    path.write_text(f"openapi: '3.0.0'\n{HEAD}paths: {{/a: {{get: {{responses: {{'200': {{}}}}}}}}}}\n")
    assert load_contract(path).notes
    with pytest.raises(ContractError, match="description"):
        load_contract(path, strict=True)


@pytest.mark.parametrize(
    ("schema", "message"),
    [({"type": "entity"}, "entity"), ({"type": 5}, "5"), ({"properties": [1]}, "properties")],
)
def test_what_is_not_clear_is_still_refused_with_its_place(schema: Any, message: str) -> None:
    with pytest.raises(ContractError, match=message) as refused:
        read({"type": "object", "properties": {"a": schema}})
    assert any("#/components/schemas/It/properties/a" in problem.place for problem in refused.value.problems)


def test_a_valid_document_is_read_to_the_letter() -> None:
    valid = parse_yaml((Path(__file__).parent / "documents" / "library.yaml").read_text())
    contract = load_contract(valid)
    assert contract.notes == ()
    assert contract.document == valid


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(some.data())
def test_whatever_is_read_leniently_is_a_valid_document(data: some.DataObject) -> None:
    document: Any = copy.deepcopy(LIBRARY)
    spots = [(holder, key) for holder in _mappings(document) for key in holder]
    for _ in range(data.draw(some.integers(1, 3))):
        holder, key = data.draw(some.sampled_from(spots))
        odd: Any = some.sampled_from(["Object", "int | null", True, "true", None, [], {}, {"type": "str"}])
        holder[key] = data.draw(values | odd)
    try:
        contract = load_contract(document)
    except ContractError:
        return
    assert load_contract(contract.document, strict=True).document == contract.document


def _mappings(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, list):
        return [found for one in node for found in _mappings(one)]
    if not isinstance(node, dict):
        return []
    return [node, *(found for one in node.values() for found in _mappings(one))] if node else []


@pytest.mark.parametrize(
    ("name", "spelt", "plain"),
    [
        ("Page«Item»", "Page«Item»", "Page_Item"),
        ("Page«Item»", "Page%C2%ABItem%C2%BB", "Page_Item"),
        ("List[Item]", "List[Item]", "List_Item"),
        ("a/b c", "a~1b%20c", "a_b_c"),
        ("«»", "«»", "Component"),
        ("Plain!", "Plain!", "Plain_2"),
    ],
)
def test_components_with_names_that_are_not_allowed_are_named_anew(name: str, spelt: str, plain: str) -> None:
    reference = {"$ref": f"#/components/schemas/{spelt}"}
    answer = {"description": "", "content": {"application/json": {"schema": reference}}}
    contract = load_contract(
        {
            "openapi": "3.1.0",
            "info": {"title": "Shop", "version": "1"},
            "paths": {"/things": {"get": {"responses": {"200": answer}}}},
            "components": {"schemas": {name: {"type": "string", "maxLength": 3}, "Plain": {"type": "object"}}},
        }
    )

    said = contract.operations[0].answers[0].json
    assert said == {"$ref": f"#/components/schemas/{plain}"}
    assert contract.resolve(said) == {"type": "string", "maxLength": 3}
    assert len(contract.notes) == 1
    assert f"is read as `{plain}`" in contract.notes[0]
