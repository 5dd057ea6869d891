"""Which declared refusals a suite has to provoke."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.binding.deriving import bind
from agent.binding.model import Binding, Bound
from agent.catalog.loading import load_catalog_from_text
from agent.catalog.model import Catalog
from agent.checklist.refusals import Provokable, provokable, refusal_problems
from agent.contract.loading import load_contract
from agent.contract.model import Answer, Body, Contract, Parameter
from evals.defects.collection import WRITTEN
from tools.postgres.server import PostgresServer

_WORKSHOP = WRITTEN / "workshop"


@pytest.fixture(scope="module")
def workshop() -> Contract:
    return load_contract(_WORKSHOP / "api/workshop.yaml")


@pytest.fixture(scope="module")
def tools(workshop: Contract, postgres: PostgresServer) -> tuple[Binding, Catalog]:
    catalog = load_catalog_from_text(postgres, (_WORKSHOP / "schema.sql").read_text(), "schema.sql")
    return bind(workshop, catalog), catalog


def declaring(bound: Bound, *statuses: int) -> Bound:
    """The same operation with these refusals and no others."""
    answers = tuple(Answer(str(status), "no", {}) for status in statuses)
    good = tuple(one for one in bound.operation.answers if one.status.startswith("2"))
    return replace(bound, operation=replace(bound.operation, answers=(*good, *answers)))


def asked(one: Provokable) -> set[frozenset[int]]:
    return set(one.groups)


def groups(*statuses: int | frozenset[int]) -> set[frozenset[int]]:
    return {one if isinstance(one, frozenset) else frozenset({one}) for one in statuses}


EVERYTHING = (400, 401, 403, 404, 409, 410, 412, 415, 422, 429)
EITHER = frozenset({400, 422})


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("POST /members", groups(EITHER, 409, 415)),
        ("POST /sessions", groups(401, EITHER, 415)),
        ("POST /tools", groups(401, EITHER, 415)),
        ("GET /tools/{toolId}", groups(EITHER, 404)),
        ("PUT /tools/{toolId}", groups(401, EITHER, 403, 404, 415)),
        ("DELETE /tools/{toolId}", groups(401, EITHER, 403, 404)),
        ("POST /loans", groups(401, EITHER, frozenset({404, 409}), 415)),
        ("GET /loans", groups(401, EITHER)),
    ],
)
def test_of_everything_that_may_be_declared_only_what_can_be_provoked_is_asked(
    key: str, expected: set[frozenset[int]], workshop: Contract, tools: tuple[Binding, Catalog]
) -> None:
    binding, catalog = tools
    found = provokable(declaring(binding.bound(key), *EVERYTHING), workshop, catalog)
    assert asked(found) == expected
    left = set(EVERYTHING) - frozenset[int]().union(*found.groups)
    assert found.left.keys() == left
    assert all(f"{status} ({found.left[status]})" in found.told for status in left)


def test_what_cannot_be_broken_is_said_with_its_reason(workshop: Contract, tools: tuple[Binding, Catalog]) -> None:
    binding, catalog = tools
    left = provokable(declaring(binding.bound("POST /tools"), 403, 404, 409, 429), workshop, catalog).left
    assert left[403] == "nothing says who is refused"
    assert left[404] == "a request names nothing that could be missing"
    assert left[409].startswith("no unique key")
    assert "API-RATE" in left[429]


def test_a_row_that_others_refer_to_can_be_kept_from_being_removed(
    workshop: Contract, postgres: PostgresServer
) -> None:
    schema = (_WORKSHOP / "schema.sql").read_text()
    kept = schema.replace("REFERENCES tools (id) ON DELETE CASCADE", "REFERENCES tools (id)")
    catalog = load_catalog_from_text(postgres, kept, "schema.sql")
    bound = declaring(bind(workshop, catalog).bound("DELETE /tools/{toolId}"), 409)
    assert asked(provokable(bound, workshop, catalog)) == groups(409)


def test_a_name_that_may_be_anything_cannot_be_bad_input(workshop: Contract, tools: tuple[Binding, Catalog]) -> None:
    binding, catalog = tools
    bound = declaring(binding.bound("GET /tools/{toolId}"), 422)
    (path,) = bound.operation.parameters
    for schema, can in (({"type": "string"}, False), ({"type": "string", "maxLength": 9}, True)):
        operation = replace(bound.operation, parameters=(replace(path, schema=schema),))
        assert bool(asked(provokable(replace(bound, operation=operation), workshop, catalog))) is can


def test_a_condition_can_fail_where_a_header_states_one(workshop: Contract, tools: tuple[Binding, Catalog]) -> None:
    binding, catalog = tools
    bound = declaring(binding.bound("PUT /tools/{toolId}"), 412)
    header = Parameter("If-Match", "header", True, {"type": "string"})
    operation = replace(bound.operation, parameters=(*bound.operation.parameters, header))
    assert asked(provokable(bound, workshop, catalog)) == set()
    assert asked(provokable(replace(bound, operation=operation), workshop, catalog)) == groups(412)


def test_a_body_of_any_kind_is_never_of_another_kind(workshop: Contract, tools: tuple[Binding, Catalog]) -> None:
    binding, catalog = tools
    bound = declaring(binding.bound("POST /tools"), 415)
    operation = replace(bound.operation, body=Body(False, {"*/*": {}}))
    assert asked(provokable(replace(bound, operation=operation), workshop, catalog)) == set()


def test_of_a_hole_one_refusal_is_asked_although_nobody_knows_which(
    workshop: Contract, tools: tuple[Binding, Catalog]
) -> None:
    binding, catalog = tools
    hole = replace(declaring(binding.bound("GET /loans"), 401, 403, 409), action=None)
    found = provokable(hole, workshop, catalog)
    assert asked(found) == groups(401)
    assert "403, 409" in refusal_problems(hole.operation, found, {401})[0]
    assert refusal_problems(hole.operation, found, {401, 409}) == []


def test_every_refusal_that_is_left_out_is_told(contract: Contract, binding: Binding, catalog: Catalog) -> None:
    bound = binding.bound("DELETE /notes/{note_id}")
    found = provokable(bound, contract, catalog)
    problems = refusal_problems(bound.operation, found, {204, 422})
    assert problems == [
        "no passing test asks DELETE /notes/{note_id} without credentials",
        "no passing test provokes 404 of DELETE /notes/{note_id}, which the contract declares",
    ]
    assert refusal_problems(bound.operation, found, {204, 401, 404, 422}) == []


def test_which_of_400_and_422_bad_input_gets_is_up_to_the_service(
    workshop: Contract, tools: tuple[Binding, Catalog]
) -> None:
    binding, catalog = tools
    bound = declaring(binding.bound("POST /tools"), 400, 422)
    found = provokable(bound, workshop, catalog)
    assert refusal_problems(bound.operation, found, {400}) == []
    assert "400 or 422" in refusal_problems(bound.operation, found, {201})[0]
