"""A package that is missing is told once, by its name, wherever the code asks for it."""

from __future__ import annotations

import pytest

from agent.checklist.case import Found
from agent.checklist.lacking import missing_module, told_once
from agent.delivery.findings import findings
from agent.receipts import Outcome, Receipt
from agent.rulebook.model import Gate
from tests.checklist.conftest import CaseOf

PRINTED = "Traceback (most recent call last):\nModuleNotFoundError: No module named 'boto3.session'"


def failed(rule: str, found: str) -> Receipt:
    return Receipt(rule=rule, subject="service", gate=Gate.ERRORS, outcome=Outcome.FAILED, found=found, places=("a:1",))


@pytest.mark.parametrize(
    ("files", "module"),
    [({}, "boto3"), ({"boto3/__init__.py": ""}, ""), ({"src/boto3.py": ""}, ""), ({"boto.py": ""}, "boto3")],
)
def test_what_lies_in_the_worktree_is_no_package(files: dict[str, str], module: str) -> None:
    assert missing_module(PRINTED, files) == module
    assert missing_module("ImportError: cannot import name 'boto3'", files) == ""


def test_all_that_it_hindered_is_one_finding(case_of: CaseOf) -> None:
    workspace = case_of({"src/core/stores.py": "import json\nfrom boto3.session import Session\n"}).workspace
    receipts = [failed("API-STATUS", f"exit code 1:\n{PRINTED}"), failed("MET-DB", PRINTED), failed("MET-HTTP", "no")]
    one, other = findings(told_once(Found(tuple(receipts)), workspace).receipts)
    assert (one.rules, one.places, one.reproduce) == (
        ("API-STATUS", "MET-DB"),
        ("src/core/stores.py:2",),
        "python -c 'import boto3'",
    )
    assert "boto3 is neither in the worktree nor among" in one.found
    assert "pyproject.toml" in one.found
    assert other.rules == ("MET-HTTP",)
