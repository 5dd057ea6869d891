"""What holds for every input: foreign text, foreign documents, any schema."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator
from openapi_spec_validator.schemas import schema_v30, schema_v31
from openapi_spec_validator.schemas.backend.jsonschema import create_validator

from agent.contract.compare import parity, same_document
from agent.contract.json_source import JsonProblem, json_positions, parse_json
from agent.contract.loading import load_contract
from agent.contract.sample import sample, validate, violations
from agent.contract.sieve import structure_is_valid
from agent.contract.yaml_source import YamlProblem, parse_yaml
from agent.errors import ContractError

DOCUMENTS = Path(__file__).parent / "documents"
LIBRARY = parse_yaml((DOCUMENTS / "library.yaml").read_text())
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

texts = some.text(alphabet=some.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8)
scalars = (
    some.none()
    | some.booleans()
    | some.integers(-(10**20), 10**20)
    | some.floats(allow_nan=False, allow_infinity=False)
    | texts
)
values = some.recursive(
    scalars, lambda inner: some.lists(inner, max_size=3) | some.dictionaries(texts, inner, max_size=3), max_leaves=12
)
containers = some.dictionaries(texts, values, max_size=4)


@QUICK
@given(containers)
def test_yaml_says_what_json_says(value: dict[str, Any]) -> None:
    assert parse_yaml(yaml.safe_dump(value, allow_unicode=True)) == value


@QUICK
@given(containers)
def test_json_positions_name_every_value(value: dict[str, Any]) -> None:
    text = json.dumps(value, indent=1)
    positions = json_positions(text)
    assert set(positions) == set(_paths(value))
    lines = text.split("\n")
    for path, line in positions.items():
        if path and not path[-1].isdigit():
            assert json.dumps(path[-1]) in lines[line - 1]


@QUICK
@given(some.text(alphabet="[]{}:,-&*<!|>'\"#?% ab1.\n\t", max_size=60))
def test_any_text_is_data_or_a_problem(text: str) -> None:
    for parse in (parse_yaml, parse_json):
        with suppress(YamlProblem, JsonProblem):
            json.dumps(parse(text), allow_nan=False)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=some.data())
def test_a_damaged_document_is_loaded_or_refused_and_never_crashes(data: some.DataObject) -> None:
    document = copy.deepcopy(LIBRARY)
    for _ in range(data.draw(some.integers(1, 3))):
        holder, key = data.draw(some.sampled_from(list(_holders(document))))
        odd = values | some.sampled_from(
            [{"$ref": "#/components/schemas/Book"}, {"$ref": "#/paths"}, [{}], {"allOf": [{}]}]
        )
        if data.draw(some.booleans()):
            del holder[key]
        else:
            holder[key] = data.draw(odd)
    with suppress(ContractError):
        contract = load_contract(document)
        assert parity(contract, contract.document) == ()


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=some.data())
def test_what_the_quick_way_accepts_the_slow_way_accepts(data: some.DataObject) -> None:
    document = copy.deepcopy(LIBRARY) | {"openapi": data.draw(some.sampled_from(["3.0.3", "3.1.0"]))}
    holder, key = data.draw(some.sampled_from(list(_holders(document))))
    holder[key] = data.draw(
        values | some.sampled_from([{"type": "int"}, {"type": ["string", "null"]}, {"minimum": "1"}])
    )
    version: Any = str(document["openapi"])[:3]
    if version in {"3.0", "3.1"}:
        validator = OpenAPIV30SpecValidator if version == "3.0" else OpenAPIV31SpecValidator
        slow = create_validator(dict(schema_v30 if version == "3.0" else schema_v31))
        assert slow.is_valid(document) or not structure_is_valid(document, version)
        if slow.is_valid(document):
            with suppress(ContractError):
                load_contract(document, strict=True)
                assert list(validator(document).iter_errors()) == []


@some.composite
def schemas(draw: some.DrawFn, depth: int = 2) -> dict[str, Any]:
    """A satisfiable schema in the dialect of OpenAPI 3.0."""
    kinds = ["string", "integer", "number", "boolean", "enum", "format"] + (
        ["object", "array", "choice", "all"] if depth else []
    )
    kind = draw(some.sampled_from(kinds))
    inner = schemas(depth=depth - 1)
    made: dict[str, Any]
    match kind:
        case "string":
            shortest = draw(some.integers(0, 12))
            made = {"type": "string", "minLength": shortest, "maxLength": shortest + draw(some.integers(0, 12))}
        case "integer" | "number":
            low = draw(some.integers(-100, 100))
            made = {"type": kind, "minimum": low, "maximum": low + draw(some.integers(2, 50))}
            made |= draw(
                some.sampled_from([{}, {"exclusiveMinimum": True}, {"exclusiveMaximum": True}, {"multipleOf": 1}])
            )
        case "boolean":
            made = {"type": "boolean"}
        case "enum":
            made = {"type": "string", "enum": draw(some.lists(texts, min_size=1, max_size=4, unique=True))}
        case "format":
            made = {"type": "string", "format": draw(some.sampled_from(["uuid", "date", "date-time", "email", "byte"]))}
        case "object":
            properties = draw(some.dictionaries(texts, inner, max_size=4))
            names = sorted(properties)
            made = {"type": "object", "properties": properties, "additionalProperties": draw(some.booleans())}
            required = draw(some.lists(some.sampled_from(names), unique=True, max_size=3)) if names else []
            made |= {"required": required} if required else {}
        case "array":
            shortest = draw(some.integers(0, 3))
            made = {"type": "array", "items": draw(inner), "minItems": shortest, "maxItems": shortest + 2}
        case "choice":
            made = {
                draw(some.sampled_from(["anyOf", "oneOf"])): [
                    draw(inner),
                    {"type": "array", "maxItems": 0, "items": {}},
                ]
            }
            made = {"anyOf": next(iter(made.values()))}
        case _:
            made = {"allOf": [draw(inner), {"description": "more"}]}
    if "type" in made and draw(some.booleans()):
        made["nullable"] = True
        made |= {"enum": [*made["enum"], None]} if "enum" in made else {}
    return made


def posting(schemas_by_name: dict[str, Any], openapi: str = "3.0.3") -> dict[str, Any]:
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}
    return {
        "openapi": openapi,
        "info": {"title": "a", "version": "b"},
        "paths": {"/a": {"post": {"requestBody": body, "responses": {"204": {"description": "ok"}}}}},
        "components": {"schemas": schemas_by_name},
    }


@QUICK
@given(schemas(), some.integers(0, 50), some.booleans())
def test_every_sample_is_valid_in_the_documents_own_dialect(schema: dict[str, Any], seed: int, brief: bool) -> None:
    from openapi_schema_validator import OAS30Validator, oas30_format_checker

    contract = load_contract(posting({"A": schema}))
    made = sample(contract, contract.schemas["A"], seed=seed, only_required=brief)
    assert validate(contract, contract.schemas["A"], made) == ()
    original = OAS30Validator(schema, format_checker=oas30_format_checker)
    assert [error.message for error in original.iter_errors(made)] == []


@QUICK
@given(schemas())
def test_every_violation_is_refused_in_the_documents_own_dialect(schema: dict[str, Any]) -> None:
    from openapi_schema_validator import OAS30Validator, oas30_format_checker

    contract = load_contract(posting({"A": schema}))
    original = OAS30Validator(schema, format_checker=oas30_format_checker)
    for one in violations(contract, contract.schemas["A"]):
        assert len(validate(contract, contract.schemas["A"], one.value)) == 1
        assert not original.is_valid(one.value)


@QUICK
@given(schemas(), values)
def test_the_translated_schema_judges_as_the_original_does(schema: dict[str, Any], value: Any) -> None:
    from openapi_schema_validator import OAS30Validator

    contract = load_contract(posting({"A": schema}))
    assert (validate(contract, contract.schemas["A"], value) == ()) == OAS30Validator(
        schema, format_checker=OAS30Validator.FORMAT_CHECKER
    ).is_valid(value)


@QUICK
@given(some.lists(schemas(depth=1), min_size=2, max_size=5), some.data())
def test_a_document_means_the_same_in_one_file_and_in_many(
    tmp_path_factory: Any, parts: list[dict[str, Any]], data: some.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("split")
    names = [f"S{number}" for number in range(len(parts))]
    links = {name: data.draw(some.lists(some.sampled_from(names), max_size=2)) for name in names}
    homes = {name: data.draw(some.sampled_from(["api.json", "one.json", "deep/two.yaml"])) for name in names}

    def built(refer: Any) -> dict[str, Any]:
        return {
            name: {
                "type": "object",
                "properties": {
                    "own": part,
                    **{f"to{at}": {"$ref": refer(name, link)} for at, link in enumerate(links[name])},
                },
            }
            for name, part in zip(names, parts, strict=True)
        }

    whole = built(lambda _, link: f"#/components/schemas/{link}")
    split = built(lambda name, link: _relative(homes[name], homes[link], link))
    files: dict[str, Any] = {"one.json": {}, "deep/two.yaml": {}, "api.json": {}}
    for name in names:
        files[homes[name]][name] = split[name]
    entry = _relative("api.json", homes["S0"], "S0")
    files["api.json"] = posting({**files["api.json"], "A": {"$ref": entry}})
    (folder / "deep").mkdir()
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))
    one = load_contract(posting({**whole, "A": {"$ref": "#/components/schemas/S0"}}))
    many = load_contract(folder / "api.json")
    assert parity(one, many.document) == ()
    assert sample(one, one.schemas["A"], seed=3) == sample(many, many.schemas["A"], seed=3)


@QUICK
@given(containers, containers)
def test_only_equal_documents_are_the_same(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert same_document(first, copy.deepcopy(first)) == ()
    if json.dumps(first, sort_keys=True) != json.dumps(second, sort_keys=True) and first != second:
        assert same_document(first, second) != ()


def _relative(home: str, other: str, name: str) -> str:
    pointer = f"/components/schemas/{name}" if other == "api.json" else f"/{name}"
    if home == other:
        return f"#{pointer}"
    return f"{'../' if home.startswith('deep/') else ''}{other}#{pointer}"


def _paths(value: Any, path: tuple[str, ...] = ()) -> Any:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _paths(inner, (*path, str(key)))


def _holders(value: Any) -> Any:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _holders(value[key])
