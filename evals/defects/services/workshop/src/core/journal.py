"""The log: JSON lines on standard output, each with the request and the member it is about."""

import datetime as dt
import json
import logging
import logging.config
from contextvars import ContextVar
from typing import Any

correlation: ContextVar[str] = ContextVar("correlation", default="-")
member: ContextVar[dict[str, str] | None] = ContextVar("member", default=None)


class JsonLines(logging.Formatter):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        entry: dict[str, Any] = {
            "@timestamp": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(),
            "log.level": record.levelname.lower(),
            "message": record.getMessage(),
            "correlationId": correlation.get(),
        }
        if who := member.get():
            entry |= who
        if record.exc_info:
            entry["error"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=True)


def configure() -> None:
    """Everything that logs, uvicorn too."""
    lines = {"()": JsonLines}
    out = {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "lines"}
    quiet = {"handlers": ["out"], "propagate": False, "level": "INFO"}
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"lines": lines},
            "handlers": {"out": out},
            "root": {"handlers": ["out"], "level": "INFO"},
            "loggers": dict.fromkeys(("uvicorn", "uvicorn.error", "uvicorn.access"), quiet),
        }
    )
