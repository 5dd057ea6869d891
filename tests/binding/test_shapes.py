"""Schemas read as shapes."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.binding.shapes import Shape, shape
from agent.contract.model import Contract


def read(schema: dict[str, Any], **schemas: dict[str, Any]) -> Shape:
    return shape(Contract("t", "1", "3.1.0", {}, "", (), schemas, {}, ""), schema)


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def test_a_reference_gives_the_name_of_what_it_refers_to() -> None:
    said = read(ref("Book"), Book={"type": "object", "properties": {"title": {"type": "string"}}})
    assert said.name == "Book"
    assert said.is_object


def test_what_stands_beside_a_reference_counts_too() -> None:
    said = read({**ref("Format"), "default": "paper"}, Format={"type": "string", "enum": ["paper", "audio"]})
    assert said.default == "paper"
    assert said.values == ("paper", "audio")


def test_all_of_is_one_object() -> None:
    base = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    more = {"type": "object", "required": ["items"], "properties": {"items": {"type": "array", "items": {}}}}
    said = read({"allOf": [ref("Base"), more]}, Base=base)
    assert set(said.properties) == {"id", "items"}
    assert said.required == {"id", "items"}


def test_an_alternative_of_null_makes_it_nullable() -> None:
    for keyword in ("anyOf", "oneOf"):
        said = read({keyword: [{"type": "string", "format": "uuid"}, {"type": "null"}]})
        assert (said.types, said.format, said.nullable) == (frozenset({"string"}), "uuid", True)
        assert not said.several


def test_a_type_array_with_null_makes_it_nullable() -> None:
    said = read({"type": ["string", "null"]})
    assert said.nullable
    assert said.types == {"string"}


def test_real_alternatives_are_several() -> None:
    assert read({"oneOf": [{"type": "string"}, {"type": "integer"}]}).several
    assert read({"type": ["string", "integer"]}).several


def test_alternatives_that_only_name_properties_are_what_an_object_needs() -> None:
    either = {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}, **either}
    assert read(schema).needs == read(ref("Either"), Either=schema).needs == (("a",), ("b",))
    assert not read(schema).is_object
    assert read({**schema, "oneOf": [{"type": "object"}, {"type": "string"}]}).needs == ()
    assert read({**schema, "allOf": [ref("Other")]}, Other={"type": "object"}).needs == ()


def test_a_schema_that_contains_itself_is_read_to_its_first_level() -> None:
    tree = {"allOf": [ref("Tree")], "type": "object", "properties": {"child": ref("Tree")}}
    assert set(read(ref("Tree"), Tree=tree).properties) == {"child"}


def test_a_default_of_null_is_none() -> None:
    assert not read({"type": ["string", "null"], "default": None}).has_default


_names = st.sampled_from(["A", "B", "C"])
_schemas = st.recursive(
    st.fixed_dictionaries(
        {}, optional={"type": st.sampled_from(["string", "integer", "null"]), "enum": st.lists(st.none())}
    )
    | st.builds(ref, _names),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "allOf": st.lists(inner, max_size=2),
            "anyOf": st.lists(inner, max_size=2),
            "oneOf": st.lists(inner, max_size=2),
            "items": inner,
            "properties": st.dictionaries(_names, inner, max_size=2),
        },
    ),
    max_leaves=6,
)


@given(_schemas, st.dictionaries(_names, _schemas))
def test_any_schema_has_a_shape_also_when_references_run_in_circles(
    schema: dict[str, Any], schemas: dict[str, dict[str, Any]]
) -> None:
    said = read(schema, **schemas)
    assert not said.is_array or not said.is_object
