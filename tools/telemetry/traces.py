"""The runtime's own spans: made around its work, and sent where `opening.py` says, else nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from opentelemetry.trace import NoOpTracerProvider, Span, StatusCode, TracerProvider
from opentelemetry.util.types import AttributeValue

_SCOPE = "backend-developer-agent"


@dataclass(frozen=True, slots=True)
class Traces:
    """Where spans go; made without arguments, nowhere."""

    provider: TracerProvider = field(default_factory=NoOpTracerProvider)
    endpoint: str = ""
    """Empty: nowhere."""
    content: bool = False
    """Whether what is said to models and by them is sent, too."""

    @contextmanager
    def span(self, name: str) -> Iterator[Span]:
        """A span around what is done meanwhile. Of an error only the class is kept: its words may quote anything."""
        tracer = self.provider.get_tracer(_SCOPE)
        with tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False) as span:
            try:
                yield span
            except BaseException as error:
                span.set_status(StatusCode.ERROR)
                span.set_attribute("error.type", type(error).__qualname__)
                raise

    def passed(self, name: str, attributes: Mapping[str, AttributeValue], begin: int, end: int) -> None:
        """A span of something that is over, below the current one; its times are nanoseconds since 1970."""
        span = self.provider.get_tracer(_SCOPE).start_span(name, attributes=attributes, start_time=begin)
        span.end(end)
