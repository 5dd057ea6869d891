"""What is read from the packages' files is what the packages themselves judge by."""

from __future__ import annotations

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_schema_validator._specifications import REGISTRY
from openapi_spec_validator.schemas import schema_v30, schema_v31

from agent.contract.sieve import Version, published_dialect, published_structure, schema_is_valid


@pytest.mark.parametrize(("version", "schema"), [("3.0", schema_v30), ("3.1", schema_v31)])
def test_the_structure_is_the_validators(version: Version, schema: object) -> None:
    assert published_structure(version) == schema


def test_the_dialect_is_the_validators() -> None:
    schema, resources = published_dialect("3.1")
    assert schema == OAS31Validator.META_SCHEMA
    assert resources.keys() == {uri for uri in REGISTRY if uri.startswith("https://spec.openapis.org/oas/3.1/")}
    assert all(resource == REGISTRY.contents(uri) for uri, resource in resources.items())


@pytest.mark.parametrize("version", ["3.0", "3.1"])
def test_a_schema_that_is_none_is_refused(version: Version) -> None:
    assert schema_is_valid({"type": "object", "properties": {"a": {"type": "string"}}}, version)
    assert not schema_is_valid({"type": "object", "properties": {"a": {"type": "text"}}}, version)


def test_what_openapi_adds_to_schemas_is_judged_too() -> None:
    assert schema_is_valid({"type": "object", "discriminator": {"propertyName": "kind"}}, "3.1")
    assert not schema_is_valid({"type": "object", "discriminator": {"mapping": {}}}, "3.1")
