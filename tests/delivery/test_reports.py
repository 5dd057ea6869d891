"""The reports say the same for programs, people and test report viewers, whatever the tools printed."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import example, given
from hypothesis import strategies as some
from syrupy.assertion import SnapshotAssertion

from agent.delivery.junit import junit_xml
from agent.delivery.model import Delivery, delivery_json_schema
from agent.delivery.reports import write_reports
from agent.receipts import Outcome
from agent.rulebook.model import Gate
from tests.delivery.examples import FAILURE, INCOMPLETE, delivery, receipt, verdict


@pytest.mark.parametrize("one", [delivery(), INCOMPLETE], ids=["complete", "incomplete"])
def test_the_reports_as_they_are_written(one: Delivery, tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    reports = write_reports(tmp_path, one)
    assert reports.json.read_text() == snapshot(name="report.json")
    assert reports.markdown.read_text() == snapshot(name="report.md")
    assert reports.junit.read_text() == snapshot(name="junit.xml")
    assert reports.sarif.read_text() == snapshot(name="report.sarif")


def test_a_report_without_a_verdict(tmp_path: Path) -> None:
    reports = write_reports(tmp_path, delivery(outcome="interrupted", verdict=None, branch=None, worktree=None))
    assert "nothing has been checked" in reports.markdown.read_text()
    assert ElementTree.parse(reports.junit).getroot().get("tests") == "0"
    assert json.loads(reports.json.read_text())["exit_code"] == 130


def test_the_published_schema_describes_the_report(tmp_path: Path) -> None:
    schema = delivery_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    for one in (delivery(), INCOMPLETE, delivery(outcome="interrupted", verdict=None)):
        jsonschema.validate(json.loads(write_reports(tmp_path, one).json.read_text()), schema)
    assert {"findings", "sentence", "exit_code", "gates", "unchecked", "measures"} <= set(schema["required"])


def test_what_was_changed_of_a_repository_is_told_before_anything_else() -> None:
    assert list(INCOMPLETE.model_dump())[:2] == ["schema_version", "changed"]


def test_a_report_can_be_read_back(tmp_path: Path) -> None:
    for one in (delivery(), INCOMPLETE):
        assert Delivery.model_validate_json(write_reports(tmp_path, one).json.read_text()) == one


def test_only_whole_reports_are_left_in_the_folder(tmp_path: Path) -> None:
    write_reports(tmp_path / "made" / "for it", delivery())
    write_reports(tmp_path / "made" / "for it", INCOMPLETE)
    names = {path.name for path in (tmp_path / "made" / "for it").iterdir()}
    assert names == {"report.json", "report.md", "junit.xml", "report.sarif", "report.html"}
    assert '"incomplete"' in (tmp_path / "made" / "for it" / "report.json").read_text()


def test_the_numbers_of_the_gates_are_those_of_the_receipts() -> None:
    gates = {summary.gate: summary for summary in INCOMPLETE.gates}
    assert list(gates) == [Gate.LINT, Gate.LOGGING, Gate.TESTS, Gate.CONTRACT]
    assert (gates[Gate.LINT].met, gates[Gate.LINT].input) == (1, 1)
    assert gates[Gate.TESTS].failed == gates[Gate.LOGGING].unchecked == gates[Gate.CONTRACT].met == 1
    assert INCOMPLETE.unchecked == ("LOG-JSON",)


@pytest.mark.parametrize(("outcome", "code"), [("complete", 0), ("incomplete", 1), ("budget", 3), ("interrupted", 130)])
def test_the_exit_code_follows_from_the_outcome(outcome: str, code: int) -> None:
    assert delivery(outcome=outcome).exit_code == code


def test_junit_has_a_suite_a_gate_and_skips_what_is_not_checked() -> None:
    root = ElementTree.fromstring(junit_xml(INCOMPLETE))
    assert root.attrib["tests"] == "5"
    assert root.attrib["failures"] == "1"
    assert root.attrib["skipped"] == "2"
    suites = {suite.attrib["name"]: suite for suite in root}
    assert set(suites) == {"lint", "contract", "logging", "tests"}
    (failure,) = suites["tests"].iter("failure")
    assert failure.attrib["message"] == "71.2 % of lines and branches, expected more than 80 %"
    assert "to see it again: pytest --cov src" in (failure.text or "")
    (skipped,) = suites["logging"].iter("skipped")
    assert skipped.attrib["message"] == "no check settles this yet"


def test_characters_that_xml_cannot_hold_are_spelled_out() -> None:
    one = delivery(outcome="incomplete", verdict=verdict(FAILURE.model_copy(update={"found": "\x1b[31mred\x00\ufffe"})))
    (failure,) = ElementTree.fromstring(junit_xml(one)).iter("failure")
    assert failure.attrib["message"] == r"\x1b[31mred\x00\ufffe"


NASTY = some.text() | some.text(alphabet="\x00\x08\x1b\ufffe\uffff]]><&\"'`|\r\n\t{%}\u2028 ")


@given(NASTY, NASTY, NASTY)
@example("]]>", "<!--", "\x00")
def test_whatever_tools_print_the_reports_are_well_formed(found: str, name: str, title: str) -> None:
    receipts = [
        receipt("A-B", Gate.TESTS, outcome, subject=name, found=found, ran=found, reproduce=found, places=(name,))
        for outcome in Outcome
    ]
    one = delivery(outcome="incomplete", title=title, verdict=verdict(*receipts), warnings=(found,), run=name)
    with tempfile.TemporaryDirectory() as folder:
        reports = write_reports(Path(folder), one)
        root = ElementTree.fromstring(reports.junit.read_bytes())
        assert len(list(root.iter("testcase"))) == len(one.receipts)
        assert Delivery.model_validate_json(reports.json.read_bytes()).title == title
        assert reports.markdown.read_text().startswith("# ")
