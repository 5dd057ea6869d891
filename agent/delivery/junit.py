"""Receipts as JUnit XML: a suite a gate, a case an obligation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from agent.delivery.model import Delivery
from agent.receipts import Outcome, Receipt
from agent.rulebook.model import Gate

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(delivery: Delivery) -> bytes:
    """Well-formed XML 1.0 whatever the tools printed: characters that XML cannot hold stand as `\\x1b`.

    What no check settles, and what the supplied contract or schema breaks itself, counts as skipped.
    """
    root = Element("testsuites", _counts(_text(delivery.title), delivery.receipts))
    for gate in Gate:
        if receipts := [receipt for receipt in delivery.receipts if receipt.gate is gate]:
            suite = SubElement(root, "testsuite", _counts(gate.value, receipts))
            for receipt in receipts:
                _case(suite, receipt)
    indent(root)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _case(suite: Element, receipt: Receipt) -> None:
    about = {"classname": receipt.gate.value, "name": _text(receipt.obligation.id), "time": f"{receipt.seconds:.3f}"}
    case = SubElement(suite, "testcase", about)
    match receipt.outcome:
        case Outcome.FAILED:
            failure = SubElement(case, "failure", {"type": _text(receipt.rule), "message": _first_line(receipt)})
            failure.text = _text(_details(receipt))
        case Outcome.UNCHECKED:
            SubElement(case, "skipped", {"message": "no check settles this yet"})
        case Outcome.INPUT:
            message = f"the supplied contract or schema breaks this itself: {_first_line(receipt)}"
            SubElement(case, "skipped", {"message": message})
        case Outcome.MET:
            pass


def _details(receipt: Receipt) -> str:
    parts = {"ran": receipt.ran, "at": ", ".join(receipt.places), "to see it again": receipt.reproduce}
    return "\n".join([receipt.found, *(f"{name}: {text}" for name, text in parts.items() if text)])


def _first_line(receipt: Receipt) -> str:
    return _text(next(iter(receipt.found.strip().splitlines()), ""))[:200]


def _counts(name: str, receipts: Sequence[Receipt]) -> dict[str, str]:
    found = [receipt.outcome for receipt in receipts]
    return {
        "name": name,
        "tests": str(len(found)),
        "failures": str(found.count(Outcome.FAILED)),
        "skipped": str(found.count(Outcome.UNCHECKED) + found.count(Outcome.INPUT)),
        "time": f"{sum(receipt.seconds for receipt in receipts):.3f}",
    }


def _text(text: str) -> str:
    return _NOT_XML.sub(lambda found: ascii(found.group())[1:-1], text)
