"""What a service publishes for Prometheus, before and after requests whose number is known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from agent.checklist.case import Owing
from agent.checklist.observing.observed import NO_GET, Asked, Observed
from agent.checklist.probe.requests import Request
from agent.checklist.probe.world import World
from agent.checklist.routes import erased
from agent.receipts import Receipt

if TYPE_CHECKING:
    from prometheus_client import Metric

RULES: Mapping[str, str] = {
    "MET-HTTP": "observing: the metrics before and after known requests, by route and status",
    "MET-DB": "observing: the metrics of statements before and after known statements",
}

PATHS = ("/metrics", "/prometheus", "/actuator/prometheus")

_TIMES = 3
_TIMED = re.compile(r"duration|latency|seconds|milliseconds|_ms|time", re.IGNORECASE)
_OF_REQUESTS = re.compile(r"http|request|api", re.IGNORECASE)
_OF_DATABASE = re.compile(r"(^|_)(db|sql|pg|asyncpg)|database|query|queries|statement|postgres", re.IGNORECASE)
_FEWEST_BUCKETS = 4
"""Finite bounds from which on quantiles can be told."""

Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Series:
    """One histogram or summary under one set of labels."""

    name: str
    labels: Labels
    count: float
    bounds: int

    @property
    def values(self) -> frozenset[str]:
        """The values of its labels."""
        return frozenset(value for _, value in self.labels)


def _asked(path: str) -> str:
    return f'curl --unix-socket "$SOCKET" http://localhost:8000{path}'


async def judge(owing: Owing, service: Observed, world: World, requests: Sequence[Request]) -> list[Receipt]:
    """Receipts of MET-HTTP and MET-DB; `requests` worked before, and may be repeated."""
    path = await _found(service, world)
    if path is None:
        why = f"no metrics are published; asked {', '.join(PATHS)}"
        return [
            one for rule in RULES for one in owing.judge(rule, [why], ran="GET /metrics", reproduce=_asked(PATHS[0]))
        ]
    if not requests:
        return [one for rule in RULES for one in owing.leave(rule, NO_GET)]
    before = await _series(service, path)
    asked = [await _sent(service, world, request) for request in requests for _ in range(_TIMES)]
    refused = [await _sent(service, world, one.without_credentials()) for one in requests if one.credentials][:1]
    after = await _series(service, path)
    ran = f"GET {path} before and after {len(asked) + len(refused)} requests"
    problems = [*_http_problems(requests, before, after), *_refusal_problems(requests, refused, before, after)]
    statements = sum(len(one.queries) for one in asked)
    return [
        *owing.judge(
            "MET-HTTP",
            problems,
            ran=ran,
            found="a latency histogram with a series for each route and status; as many counted as were sent",
            reproduce=_asked(path),
        ),
        *owing.judge(
            "MET-DB",
            list(_database_problems(statements, before, after)),
            ran=f"{ran}, which led to {statements} statements",
            found="the time of every statement is counted",
            reproduce=_asked(path),
        ),
    ]


def series_of(text: str) -> list[Series]:
    """The histograms and summaries of an exposition; none where it cannot be read."""
    from prometheus_client.parser import text_string_to_metric_families

    try:
        families = list(text_string_to_metric_families(text))
    except (ValueError, KeyError, IndexError):
        return []
    return [series for family in families if family.type in ("histogram", "summary") for series in _of_family(family)]


def _of_family(family: Metric) -> Iterator[Series]:
    counts: dict[Labels, float] = {}
    bounds: dict[Labels, int] = {}
    for sample in family.samples:
        labels = frozenset((name, value) for name, value in sample.labels.items() if name not in ("le", "quantile"))
        if sample.name.endswith("_count"):
            counts[labels] = sample.value
        elif {"le", "quantile"} & sample.labels.keys() and sample.labels.get("le") != "+Inf":
            bounds[labels] = bounds.get(labels, 0) + 1
    for labels, count in counts.items():
        yield Series(family.name, labels, count, bounds.get(labels, 0))


def _http_problems(requests: Sequence[Request], before: Sequence[Series], after: Sequence[Series]) -> Iterator[str]:
    timed = [one for one in after if _TIMED.search(one.name) and not _OF_DATABASE.search(one.name)]
    if not timed:
        yield "no histogram of request durations is published"
        return
    for request in requests:
        route = request.operation.path
        mine = [one for one in timed if _names_route(one, request) and _names_method(one, request.method)]
        if not mine:
            yield f"{request.operation.key}: no series of a latency histogram carries the route {route}"
            continue
        grown = _grown(mine, before)
        if not any(grow >= _TIMES for grow in grown.values()):
            most = max(grown.values())
            yield f"{request.operation.key}: {_TIMES} requests were sent, the histogram grew by {most:g}"
        if max(one.bounds for one in mine) < _FEWEST_BUCKETS:
            yield f"{request.operation.key}: {max(one.bounds for one in mine)} buckets tell no p50, p95 and p99"
        path = request.target.partition("?")[0]
        if path != request.base_path + route and any(path in one.values for one in after):
            yield f"{request.operation.key}: the path itself is a label; there will be a series for every row"


def _refusal_problems(
    requests: Sequence[Request], refused: Sequence[Asked], before: Sequence[Series], after: Sequence[Series]
) -> Iterator[str]:
    for one in refused:
        status = str(one.reply.status)
        request = next(request for request in requests if request.credentials)
        names = {status, f"{status[0]}xx", f"{status[0]}XX"}
        mine = [series for series in after if _names_route(series, request) and names & series.values]
        if not any(grow > 0 for grow in _grown(mine, before).values()):
            yield f"{request.operation.key} → {status} is in no series of its own: errors by route cannot be told"


def _database_problems(statements: int, before: Sequence[Series], after: Sequence[Series]) -> Iterator[str]:
    mine = [one for one in after if _OF_DATABASE.search(one.name) and _TIMED.search(one.name)]
    if not mine:
        yield "no histogram or summary of the time of statements is published"
        return
    totals: dict[str, float] = {}
    for series, grow in _grown(mine, before).items():
        totals[series.name] = totals.get(series.name, 0) + grow
    if statements and max(totals.values()) < statements:
        yield f"{statements} statements were sent, {max(totals, key=lambda name: totals[name])} grew by fewer: " + (
            f"{max(totals.values()):g}"
        )


def _grown(now: Sequence[Series], before: Sequence[Series]) -> dict[Series, float]:
    known = {(one.name, one.labels): one.count for one in before}
    return {one: one.count - known.get((one.name, one.labels), 0) for one in now}


def _names_route(series: Series, request: Request) -> bool:
    """With the base path or without: routers inside others know only their own part of it."""
    path = request.operation.path
    routes = {erased(path), erased(request.base_path + path)}
    return any(erased(re.sub(r":\w+\}", "}", value)) in routes for value in series.values if "/" in value)


def _names_method(series: Series, method: str) -> bool:
    labels = {name.lower(): value for name, value in series.labels}
    named = next((value for name, value in labels.items() if "method" in name), method)
    return named.upper() == method


async def _found(service: Observed, world: World) -> str | None:
    base = world.asker.contract.base_path
    for path in (*PATHS, *(base + path for path in PATHS if base)):
        try:
            reply = await service.ask("GET", path)
        except httpx.HTTPError:
            continue
        if reply.status == 200 and series_of(reply.text):
            return path
    return None


async def _series(service: Observed, path: str) -> list[Series]:
    return series_of((await service.ask("GET", path)).text)


async def _sent(service: Observed, world: World, request: Request) -> Asked:
    await world.asker.send(request)
    return service.asked[-1]
