"""Which answers count as a mapped error of the database."""

from __future__ import annotations

import pytest

from agent.checklist.observing.conflicts import says_dangling, says_taken
from agent.contract.loading import load_contract
from agent.contract.model import Operation


def creating(*declared: str) -> Operation:
    responses = {status: {"description": "d"} for status in ("201", *declared)}
    paths = {"/things": {"post": {"operationId": "make", "summary": "Make", "responses": responses}}}
    return load_contract({"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": paths}).operations[0]


@pytest.mark.parametrize(
    ("declared", "taken", "dangling"),
    [
        (["409", "422"], {409}, {409, 422}),
        (["422"], {409, 422}, {404, 409, 422}),
        (["400", "401", "429"], {409, 400}, {404, 409, 400}),
        (["404", "401"], {409, 404}, {404}),
        ([], {409}, {404, 409}),
        (["4XX"], {409}, {400, 403, 404, 409, 422}),
        (["default"], {409}, {400, 403, 404, 409, 422}),
    ],
)
def test_a_conflict_may_be_called_what_it_is_where_the_contract_has_no_word_for_it(
    declared: list[str], taken: set[int], dangling: set[int]
) -> None:
    assert says_taken(creating(*declared)) == taken
    assert says_dangling(creating(*declared)) == dangling


@pytest.mark.parametrize("declared", [["422"], ["409"], ["default"], []])
def test_an_internal_error_is_never_a_mapped_one(declared: list[str]) -> None:
    assert max(says_taken(creating(*declared)) | says_dangling(creating(*declared))) < 500
