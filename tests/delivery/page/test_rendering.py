"""The page says what the delivery says, and nothing that came from outside becomes part of its code."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from agent.delivery.model import ChangedFile, Delivery
from agent.delivery.page.rendering import report_page
from agent.delivery.service_map import MappedOperation, MappedTable, ServiceMap
from agent.delivery.spending import Cost, Spent
from agent.delivery.written import Proof, Written
from agent.receipts import Latency, Outcome, TestedOperation, UncoveredFile
from agent.rulebook.model import Gate
from tests.delivery.examples import FAILURE, HOLE, INCOMPLETE, MEASURED, SAME, delivery, receipt, verdict

_VOID = {"meta", "br", "hr", "img", "link", "input"}


class Page(HTMLParser):
    """The elements and the text of a page; every element has to be closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def count(self, tag: str) -> int:
        return sum(one == tag for one, _ in self.elements)


def hostile(text: str) -> Delivery:
    """A delivery in which this text stands wherever a text can stand."""
    receipts = [
        receipt("A-B", Gate.TESTS, outcome, subject=text, found=text, ran=text, reproduce=text, places=(text,))
        for outcome in Outcome
    ]
    measures = MEASURED.model_copy(
        update={
            "latency": MEASURED.latency and MEASURED.latency.model_copy(update={"request": text}),
            "tested": (TestedOperation(operation=text, requests=1, answered=(200,), unprovoked=()),),
            "uncovered": (UncoveredFile(file=text, lines=(1,)),),
        }
    )
    return delivery(
        outcome="budget",
        title=text,
        run=text,
        model=text,
        branch=text,
        commit=text,
        stopped_by=text,
        holes=(HOLE.model_copy(update={"operation": text, "reason": text, "file": text, "name": text}),),
        seconds={text: 1.0},
        warnings=(text,),
        changed=(ChangedFile(path=text, by=(text,)),),
        written=(
            Written(
                operation=text,
                function=text,
                by=(text,),
                proven=(Proof(rule=text, ran=text),),
                failed=(text,),
                unchecked=(text,),
                asked=1,
                unseen=(text,),
            ),
        ),
        spent=(Spent(name=text, gate=None, assignments=1, cost=Cost()),),
        service=ServiceMap(
            operations=(MappedOperation(operation=text, does=text, tables=(text,)),),
            tables=(MappedTable(name=text, columns=1, references=(text,)),),
        ),
        verdict=verdict(*receipts, measures=measures),
    )


def test_the_verdict_comes_first_then_what_was_changed_what_is_missing_and_the_gates() -> None:
    changed = ChangedFile(path="app/main.py", by=("GET /notes", "GET /notes/{id}"))
    text = Page(report_page(INCOMPLETE.model_copy(update={"changed": (changed,)}))).text
    assert "Changed" not in Page(report_page(INCOMPLETE)).text
    order = [
        INCOMPLETE.sentence,
        "Changed of what was there",
        "app/main.py",
        "GET /notes, GET /notes/{id}",
        "Not written",
        "Not met",
        FAILURE.found,
        "Gates",
        "Latency under load",
    ]
    order += [
        "Coverage by operation",
        "Operations and tables",
        "What the model cost",
        "Receipts",
        "To know",
        "This run",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_every_receipt_is_there_with_its_evidence_and_the_way_to_see_it_again() -> None:
    text = Page(report_page(delivery(outcome="incomplete", verdict=verdict(*SAME)))).text
    for one in SAME:
        assert all(part in text for part in (one.subject, one.ran, one.found, one.reproduce))
    assert text.count("To see it again, for the first:") == 1


def test_the_distribution_has_a_bar_for_each_range_and_the_diagram_a_box_for_each_table() -> None:
    page = Page(report_page(delivery()))
    rectangles = [attributes["class"] for tag, attributes in page.elements if tag == "rect"]
    assert (rectangles.count("bar"), rectangles.count("table")) == (3, 2)
    assert "4 to 8 ms: 1100 answers" in page.text
    assert "books refers to authors" in page.text
    assert "7 requests, answered 200, 422; never 401" in page.text


def test_what_was_not_measured_is_said_to_be_so() -> None:
    page = Page(report_page(delivery(outcome="interrupted", verdict=None, service=None)))
    assert "not measured" in page.text
    assert page.count("svg") == 0
    flat = Latency(request="GET /", edges_ms=(3.0, 3.0), counts=(1,), p50_ms=3, p95_ms=3, p99_ms=3)
    measures = MEASURED.model_copy(update={"latency": flat})
    assert Page(report_page(delivery(verdict=verdict(measures=measures)))).count("svg") == 2


def test_a_thousand_operations_are_told_in_numbers() -> None:
    many = ServiceMap(
        operations=tuple(MappedOperation(operation=f"GET /{n}", does="list", tables=("t",)) for n in range(1000)),
        tables=(MappedTable(name="t", columns=2, references=("t", "elsewhere")),),
    )
    assert "1000 operations, 1 tables" in Page(report_page(delivery(service=many))).text


def test_nothing_is_fetched_and_nothing_runs() -> None:
    page = Page(report_page(INCOMPLETE))
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in page.elements}
    assert not any(name in ("src", "href") or name.startswith("on") for _, found in page.elements for name in found)
    policy = next(found["content"] for _, found in page.elements if "http-equiv" in found)
    assert policy is not None
    assert policy.startswith("default-src 'none'")


ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></style><script>",
    "'-->]]></svg>{{ 7 * 7 }}{% raw %}",
    "GET /books/\u202e{gpj}",
)


@pytest.mark.parametrize("text", ATTACKS)
def test_hostile_names_are_text(text: str) -> None:
    plain, attacked = Page(report_page(hostile("x y"))), Page(report_page(hostile(text)))
    assert [tag for tag, _ in attacked.elements] == [tag for tag, _ in Page(report_page(hostile("x y z"))).elements]
    assert plain.count("script") == attacked.count("script") == 0
    assert "\u202e" not in attacked.text
    if "\u202e" not in text:
        assert text in attacked.text


@settings(max_examples=30, deadline=None)
@given(some.text() | some.text(alphabet="<>&\"'/ \x00\x1b{}%-!a"))
def test_whatever_the_names_are_the_page_is_whole(text: str) -> None:
    page = Page(report_page(hostile(text)))
    assert page.count("html") == page.count("main") == 1
    assert page.count("script") == page.count("img") == 0
