"""SARIF 2.1.0, held against the schema that OASIS publishes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as some

from agent.delivery.model import Delivery
from agent.delivery.sarif import SCHEMA, sarif_json
from agent.receipts import Outcome
from agent.rulebook.model import Gate
from tests.delivery.examples import FAILURE, HOLE, INCOMPLETE, INPUT, SAME, delivery, receipt, verdict

PUBLISHED = json.loads((Path(__file__).parent / "schemas" / "sarif-2.1.0.json").read_text())
"""As OASIS publishes it (2.1.0 with errata 01), without line breaks."""
VALIDATOR = jsonschema.Draft4Validator(PUBLISHED, format_checker=jsonschema.FormatChecker())


def run_of(one: Delivery) -> Mapping[str, Any]:
    log = json.loads(sarif_json(one))
    VALIDATOR.validate(log)
    (run,) = log["runs"]
    return dict(run)


def results(one: Delivery) -> Mapping[str, Mapping[str, Any]]:
    return {result["ruleId"]: result for result in run_of(one)["results"]}


def test_the_schema_that_is_named_is_the_one_that_is_kept() -> None:
    assert PUBLISHED["id"] == SCHEMA == json.loads(sarif_json(delivery()))["$schema"]
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate({"version": "2.1.0", "runs": [{"tool": {"driver": {}}}]})


@pytest.mark.parametrize(
    "one",
    [delivery(), INCOMPLETE, delivery(outcome="interrupted", verdict=None, worktree=None)],
    ids=["complete", "incomplete", "interrupted"],
)
def test_every_delivery_is_valid(one: Delivery) -> None:
    assert run_of(one)["invocations"] == [{"executionSuccessful": one.verdict is not None, "exitCode": one.exit_code}]


def test_a_failure_has_its_rule_its_line_and_the_way_to_see_it_again() -> None:
    run = run_of(INCOMPLETE)
    result = results(INCOMPLETE)["TST-COVER"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "TST-COVER"
    assert (result["level"], result["kind"], result["message"]["text"]) == ("error", "fail", FAILURE.found)
    (location,) = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "src/services/tickets.py", "uriBaseId": "WORKTREE"},
        "region": {"startLine": 41},
    }
    assert location["logicalLocations"] == [{"fullyQualifiedName": "files", "kind": "module"}]
    assert run["originalUriBaseIds"] == {"WORKTREE": {"uri": "file:///srv/work/bookshop-api/"}}
    assert result["properties"]["reproduce"] == "pytest --cov src"


def test_one_failure_at_eight_operations_is_one_result() -> None:
    result = results(delivery(outcome="incomplete", verdict=verdict(*SAME)))["API-STATUS"]
    (location,) = result["locations"]
    names = [one["fullyQualifiedName"] for one in location["logicalLocations"]]
    assert names == result["properties"]["subjects"] == [one.subject for one in SAME]
    assert result["occurrenceCount"] == 8


def test_what_the_input_breaks_is_a_note_and_what_is_met_or_unchecked_is_nothing() -> None:
    found = results(delivery())
    assert found.keys() == {INPUT.rule}
    assert found[INPUT.rule]["level"] == "note"


def test_a_failure_of_what_is_not_written_points_at_the_function() -> None:
    failure = receipt("API-STATUS", Gate.ERRORS, Outcome.FAILED, subject=HOLE.operation, found="501")
    result = results(delivery(outcome="incomplete", holes=(HOLE,), verdict=verdict(failure)))["API-STATUS"]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": HOLE.line}


@pytest.mark.parametrize(
    ("place", "uri", "line"),
    [
        ("src/a b.py:7", "src/a%20b.py", 7),
        ("src/a.py:7:3", "src/a.py", 7),
        ("openapi.json", "openapi.json", None),
        ("src/a.py:0", "src/a.py%3A0", None),
        ("https://example.org/x:9", "https%3A//example.org/x", 9),
    ],
)
def test_places_are_addresses_below_the_worktree(place: str, uri: str, line: int | None) -> None:
    failure = FAILURE.model_copy(update={"places": (place,)})
    (location,) = results(delivery(outcome="incomplete", verdict=verdict(failure)))["TST-COVER"]["locations"]
    physical = location["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == uri
    assert physical.get("region") == ({"startLine": line} if line else None)


def test_a_finding_keeps_its_fingerprint_from_run_to_run() -> None:
    again = FAILURE.model_copy(update={"found": "70.9 % of lines", "places": ("src/b.py:2",), "tree": "other"})
    prints = [
        results(delivery(outcome="incomplete", verdict=verdict(one)))["TST-COVER"]["partialFingerprints"]
        for one in (FAILURE, again)
    ]
    assert prints[0] == prints[1]


NASTY = some.text() | some.text(alphabet="\x00\x1b\u202e/:%#?\\ 1\n")


@given(NASTY, NASTY, NASTY)
def test_whatever_tools_print_it_stays_valid(found: str, name: str, place: str) -> None:
    receipts = [
        receipt("A-B", Gate.TESTS, outcome, subject=name, found=found, ran=found, reproduce=found, places=(place,))
        for outcome in Outcome
    ]
    run = run_of(delivery(outcome="incomplete", title=name, verdict=verdict(*receipts)))
    assert len(run["results"]) == 3
