"""Spans go where the environment says, without secrets, and a collector in trouble holds nobody up."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from tests.wire.otlp import Collector, collector
from tools.redaction.room import room
from tools.telemetry import opening
from tools.telemetry.opening import sending_traces

PATIENCE = 1.0
SECRET = "pw-of-a-collector-Rm58tK"


@pytest.fixture
def collecting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector that the environment names."""
    with collector() as found:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.url)
        monkeypatch.setattr(opening, "PATIENCE", PATIENCE)
        yield found


def work() -> list[str]:
    """Two spans, one within the other; what was told about them."""
    told: list[str] = []
    with sending_traces(told.append) as traces, traces.span("outer"), traces.span("inner") as inner:
        inner.set_attribute("count", 3)
    return told


def test_nothing_is_sent_where_no_endpoint_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    with sending_traces(lambda _: None) as traces, traces.span("outer") as span:
        assert not traces.endpoint
        assert not span.is_recording()


def test_spans_reach_the_endpoint_as_they_were_nested(collecting: Collector) -> None:
    assert work() == []
    inner, outer = collecting.spans
    assert (outer.name, inner.name, inner.parent, inner.trace) == ("outer", "inner", outer.id, outer.trace)
    assert inner.attributes["count"] == 3
    assert inner.service == "backend-developer-agent"
    assert collecting.paths == ["/v1/traces"]


def test_the_service_can_be_named(collecting: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "builder-7")
    work()
    assert {span.service for span in collecting.spans} == {"builder-7"}


@pytest.mark.parametrize(("name", "value"), [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")])
def test_it_can_be_switched_off(collecting: Collector, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    assert work() == []
    assert collecting.paths == []


def test_secrets_are_marked_in_names_attributes_and_events(collecting: Collector) -> None:
    room.know(SECRET)
    with sending_traces(lambda _: None) as traces, traces.span(f"ask {SECRET}") as span:
        span.set_attributes({"text": f"it is {SECRET}", "list": ["no", SECRET]})
        span.add_event(f"saw {SECRET}", {"where": SECRET})
    (sent,) = collecting.spans
    assert collecting.holding(SECRET) == []
    assert sent.attributes["text"].startswith("it is [[secret ")
    assert sent.attributes["list"][0] == "no"


def test_of_an_error_only_the_class_is_kept(collecting: Collector) -> None:
    with (
        pytest.raises(ValueError, match="prompt"),
        sending_traces(lambda _: None) as traces,
        traces.span("run"),
    ):
        raise ValueError("words of a prompt")
    (sent,) = collecting.spans
    assert sent.failed
    assert sent.attributes == {"error.type": "ValueError"}
    assert collecting.holding("words of a prompt") == []


def test_headers_go_to_the_collector_and_their_keys_nowhere_else(
    collecting: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, tenant = "header-key-Wd81xQ", "bookshop"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"authorization=Bearer%20{key},x-scope-orgid={tenant}")
    work()
    assert collecting.headers[0]["authorization"] == f"Bearer {key}"
    assert collecting.headers[0]["x-scope-orgid"] == tenant
    assert key not in room.redact(f"sent with {key}")
    assert room.redact(f"the {tenant}") == f"the {tenant}"


@pytest.mark.usefixtures("collecting")
def test_spans_that_nobody_takes_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        away = f"http://127.0.0.1:{taken.getsockname()[1]}"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", away)
    began = time.monotonic()
    assert work() == [f"telemetry: {away} did not take all spans; lost: 2"]
    assert time.monotonic() - began < PATIENCE + 8


def test_a_collector_that_refuses_is_told_of(collecting: Collector) -> None:
    collecting.status = 400
    assert work() == [f"telemetry: {collecting.url} did not take all spans; lost: 2"]


def test_a_collector_that_never_answers_is_not_waited_for(collecting: Collector) -> None:
    collecting.holds.clear()
    began = time.monotonic()
    assert work() == [f"telemetry: {collecting.url} did not take all spans; lost: 2"]
    assert PATIENCE <= time.monotonic() - began < PATIENCE + 8


def test_what_goes_wrong_is_not_printed(collecting: Collector, capfd: pytest.CaptureFixture[str]) -> None:
    collecting.status = 400
    work()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "grpc is not spoken here, only http/protobuf"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "-1", "must be a positive integer"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "-4", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"),
    ],
)
def test_settings_that_cannot_be_used_are_told_and_cost_only_spans(
    collecting: Collector, monkeypatch: pytest.MonkeyPatch, name: str, value: str, why: str
) -> None:
    monkeypatch.setenv(name, value)
    (told,) = work()
    assert told.startswith("telemetry: no span is sent: ")
    assert why in told
    assert collecting.paths == []
