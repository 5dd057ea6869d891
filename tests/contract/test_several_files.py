"""References across files: they are bundled into one document."""

from __future__ import annotations

import json
from pathlib import Path

from agent.contract.loading import load_contract
from tests.contract.split import SPLIT, write


def test_files_are_bundled_into_one_document(tmp_path: Path) -> None:
    contract = load_contract(write(tmp_path, SPLIT))
    text = json.dumps(contract.document)
    assert ".yaml" not in text
    assert ".json" not in text
    [operation] = contract.operations
    assert [parameter.name for parameter in operation.parameters] == ["limit"]
    assert [answer.status for answer in operation.answers] == ["200", "default"]
    assert operation.success is not None
    schema = operation.success.json
    assert schema == {"$ref": "#/components/schemas/book"}
    book = contract.schemas["book"]["properties"]
    assert book["title"] == {"$ref": "#/components/schemas/Title"}
    assert book["sequel"] == {"$ref": "#/components/schemas/book"}
    assert book["author"] == {"$ref": "#/components/schemas/Author"}
    assert book["kind"]["discriminator"]["mapping"] == {"author": "#/components/schemas/author"}
    assert contract.schemas["Author"]["properties"]["books"]["items"] == {"$ref": "#/components/schemas/book"}


def test_a_bundled_document_loads_to_the_same_contract(tmp_path: Path) -> None:
    contract = load_contract(write(tmp_path, SPLIT))
    again = load_contract(contract.document)
    assert (again.operations, again.schemas) == (contract.operations, contract.schemas)


def test_names_that_are_taken_get_the_name_of_their_file(tmp_path: Path) -> None:
    files = {
        "openapi.yaml": "openapi: 3.1.0\ninfo: {title: a, version: b}\npaths: {/a: {$ref: other.yaml#/a}}\n"
        "components: {schemas: {Book: {type: string}}}\n",
        "other.yaml": "a: {get: {responses: {200: {description: a, content: {a/b: {schema: {$ref: '#/Book'}}}}}}}\n"
        "Book: {type: integer}\n",
    }
    contract = load_contract(write(tmp_path, files))
    assert contract.schemas == {"Book": {"type": "string"}, "other_Book": {"type": "integer"}}


def test_files_of_the_same_repository_may_be_referenced(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    files = {
        "api/openapi.yaml": "openapi: 3.1.0\ninfo: {title: a, version: b}\npaths: {/a: {$ref: ../shared/a.yaml}}\n",
        "shared/a.yaml": "get: {responses: {200: {description: ok}}}\n",
    }
    assert load_contract(write(tmp_path, files)).operations[0].key == "GET /a"


def test_a_long_chain_of_files_is_followed(tmp_path: Path) -> None:
    files = {
        "openapi.yaml": "openapi: 3.1.0\ninfo: {title: a, version: b}\npaths: {/a: {get: {responses: {200: "
        "{description: ok, content: {application/json: {schema: {$ref: s0.yaml}}}}}}}}\n"
    }
    files |= {f"s{number}.yaml": f"properties: {{next: {{$ref: s{number + 1}.yaml}}}}\n" for number in range(600)}
    files["s600.yaml"] = "type: string\n"
    assert len(load_contract(write(tmp_path, files)).schemas) == 601
