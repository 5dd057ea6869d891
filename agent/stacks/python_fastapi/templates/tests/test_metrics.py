"""What Prometheus reads."""

from prometheus_client import REGISTRY

from src.core.metrics import count_request, count_statement


def counted(method: str, route: str, status: str) -> float:
    """How many requests are counted there."""
    labels = {"method": method, "route": route, "status": status}
    return REGISTRY.get_sample_value("http_request_duration_seconds_count", labels) or 0.0


def test_requests_are_counted_by_route_and_status() -> None:
    """One series for a route, whatever stands in its path."""
    before = counted("GET", "/things/{id}", "200")

    count_request("GET", "/things/{id}", 200, 0.01)
    count_request("GET", "/things/{id}", 200, 0.02)
    count_request("GET", "/things/{id}", 404, 0.01)

    assert counted("GET", "/things/{id}", "200") == before + 2
    assert counted("GET", "/things/{id}", "404") >= 1


def test_invented_methods_share_one_series() -> None:
    """Callers cannot make series as they like."""
    count_request("BREW", "unknown", 405, 0.01)

    assert counted("other", "unknown", "405") >= 1
    assert counted("BREW", "unknown", "405") == 0


def test_statements_are_counted_with_their_time() -> None:
    """Count and sum grow."""
    name = "database_statement_duration_seconds"
    count = REGISTRY.get_sample_value(f"{name}_count") or 0.0
    total = REGISTRY.get_sample_value(f"{name}_sum") or 0.0

    count_statement(0.25)

    assert REGISTRY.get_sample_value(f"{name}_count") == count + 1
    assert (REGISTRY.get_sample_value(f"{name}_sum") or 0.0) >= total + 0.2
