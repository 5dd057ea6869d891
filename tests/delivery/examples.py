"""Deliveries to write down."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from agent.delivery.model import Delivery
from agent.delivery.service_map import MappedOperation, MappedTable, ServiceMap
from agent.delivery.spending import Cost, Spent
from agent.delivery.written import Proof, Written
from agent.journal.events import OpenHole, Usage
from agent.receipts import Latency, Measures, Outcome, Receipt, TestedOperation, UncoveredFile, Verdict
from agent.rulebook.model import Gate

MEASURED = Measures(
    endpoints=15,
    coverage_percent=93.47,
    p95_ms=11.2,
    requests_per_second=1503.4,
    tests_passed=88,
    suppressions=0,
    latency=Latency(
        request="GET /books?limit=20",
        edges_ms=(2.0, 4.0, 8.0, 16.0),
        counts=(310, 1100, 93),
        p50_ms=6.1,
        p95_ms=11.2,
        p99_ms=14.0,
    ),
    tested=(TestedOperation(operation="GET /books", requests=7, answered=(200, 422), unprovoked=(401,)),),
    uncovered=(UncoveredFile(file="src/services/books.py", lines=(12, 13)),),
)
MAP = ServiceMap(
    operations=(
        MappedOperation(operation="GET /books", does="list", tables=("books", "authors")),
        MappedOperation(operation="POST /tickets/{ticketId}/merge", does="", tables=()),
    ),
    tables=(
        MappedTable(name="authors", columns=4, references=()),
        MappedTable(name="books", columns=9, references=("authors",)),
    ),
)
HOLE = OpenHole(
    name="src.services.tickets.TicketService.merge",
    file="src/services/tickets.py",
    line=41,
    operation="POST /tickets/{ticketId}/merge",
    reason="no column of tickets holds `into`",
)
FAILURE = Receipt(
    rule="TST-COVER",
    subject="files",
    gate=Gate.TESTS,
    outcome=Outcome.FAILED,
    ran="pytest --cov",
    found="71.2 % of lines and branches, expected more than 80 %\nsrc/services/tickets.py: 41-60",
    reproduce="pytest --cov src",
    places=("src/services/tickets.py:41",),
    seconds=4.25,
    tree="4b825dc6",
)


def receipt(rule: str, gate: Gate, outcome: Outcome, **more: Any) -> Receipt:
    return Receipt(rule=rule, subject=more.pop("subject", "files"), gate=gate, outcome=outcome, tree="4b825dc6", **more)


MET = (
    receipt("RUF-SELECT", Gate.LINT, Outcome.MET, ran="ruff check", seconds=0.02),
    receipt("CON-PARITY", Gate.CONTRACT, Outcome.MET, subject="GET /books", seconds=0.5),
)
UNCHECKED = receipt("LOG-JSON", Gate.LOGGING, Outcome.UNCHECKED, subject="service")
INPUT = receipt("NAM-TABLE", Gate.LINT, Outcome.INPUT, subject="book", found="`book` is not plural")

SAME = tuple(
    receipt(
        "API-STATUS",
        Gate.ERRORS,
        Outcome.FAILED,
        subject=f"GET /{name}/{{id}}",
        ran=f"GET /api/{name}/{number} → 500 (seed 7)",
        found=f"GET /api/{name}/{number}?deep=true: expected 404, got 500",
        reproduce=f'curl -i --unix-socket "$SOCKET" http://service/api/{name}/{number}?deep=true',
        seconds=0.1,
    )
    for number, name in enumerate(("authors", "books", "carts", "items", "orders", "pages", "reviews", "shelves"))
)
"""One failure at eight operations."""


def verdict(*more: Receipt, measures: Measures = MEASURED) -> Verdict:
    return Verdict(tree="4b825dc6", receipts=(*MET, UNCHECKED, INPUT, *more), measures=measures)


def delivery(**changes: Any) -> Delivery:
    """A complete delivery, but for the changes."""
    values: dict[str, Any] = {
        "run": "20261122-1",
        "title": "Bookshop API",
        "stack": "python-fastapi",
        "model": "offline",
        "outcome": "complete",
        "branch": "agent/bookshop-api",
        "commit": "1f3d9a2",
        "worktree": Path("/srv/work/bookshop-api"),
        "verdict": verdict(),
        "service": MAP,
        "sandbox": "bubblewrap",
        "seconds": {"catalog": 0.61, "checks": 18.24},
    }
    return Delivery(**(values | changes))


WRITTEN = Written(
    operation="POST /tickets/{ticketId}/escalate",
    function="src.services.tickets.TicketService.escalate",
    by=("anthropic:some-model",),
    proven=(Proof(rule="API-STATUS", ran="POST /tickets/{ticketId}/escalate → 200"),),
    failed=(),
    unchecked=("AUT-OWNER",),
    asked=3,
    unseen=("Raise the priority of a ticket.", "One that is urgent stays as it is."),
)

INCOMPLETE = delivery(
    outcome="incomplete",
    model="anthropic:some-model",
    verdict=verdict(FAILURE),
    holes=(HOLE,),
    written=(WRITTEN,),
    sandbox="none",
    usage=Usage(requests=12, input_tokens=40_000, output_tokens=2_100, cache_read_tokens=31_000, usd=Decimal("0.1875")),
    spent=(
        Spent(
            name=HOLE.name,
            gate=None,
            assignments=2,
            cost=Cost(input_tokens=25_000, output_tokens=1_600, usd=Decimal("0.125")),
        ),
        Spent(
            name="TST-COVER:files",
            gate=Gate.TESTS,
            assignments=1,
            cost=Cost(input_tokens=15_000, output_tokens=500, usd=Decimal("0.0625")),
        ),
    ),
    warnings=("the document has no servers: the service answers at the root",),
)
