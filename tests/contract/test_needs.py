"""Objects that need one of several lists of properties."""

from __future__ import annotations

from typing import Any

import pytest

from agent.contract.needs import needs_of

PROPERTIES = {name: {"type": "string"} for name in ("email", "phone", "country")}
EITHER = [{"required": ["email"]}, {"required": ["phone", "country"]}]


def test_each_alternative_names_what_it_needs() -> None:
    assert needs_of({"properties": PROPERTIES, "anyOf": EITHER}) == (("email",), ("phone", "country"))


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": PROPERTIES},
        {"anyOf": EITHER},
        {"properties": PROPERTIES, "oneOf": EITHER},
        {"properties": PROPERTIES, "anyOf": [*EITHER, {"required": ["email"], "properties": {"email": {}}}]},
        {"properties": PROPERTIES, "anyOf": [*EITHER, {}]},
        {"properties": PROPERTIES, "anyOf": [*EITHER, {"required": ["fax"]}]},
        {"properties": PROPERTIES, "anyOf": [*EITHER, {"required": True}]},
    ],
)
def test_alternatives_that_say_more_or_nothing_are_something_else(schema: dict[str, Any]) -> None:
    assert needs_of(schema) == ()
