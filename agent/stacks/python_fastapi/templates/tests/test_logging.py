"""Log lines."""

import json
import logging
import sys

from src.core.logging import JsonFormatter, without_addresses


def test_a_log_line_is_one_json_object() -> None:
    """Fields stand beside the message."""
    record = logging.LogRecord("src", logging.INFO, __file__, 1, "a\nb %s", ("c",), None)
    record.fields = {"status": 200}

    text = JsonFormatter().format(record)

    assert "\n" not in text
    line = json.loads(text)
    assert line["message"] == "a\nb c"
    assert line["level"] == "info"
    assert line["status"] == 200


def test_an_exception_is_logged_whole() -> None:
    """The traceback is in the line."""
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        record = logging.LogRecord("src", logging.ERROR, __file__, 1, "failed", (), sys.exc_info())

    line = json.loads(JsonFormatter().format(record))

    assert "RuntimeError: broken" in line["exception"]


def test_no_e_mail_address_stands_in_a_path_that_is_logged() -> None:
    """Paths may name people."""
    assert without_addresses("/people/ann@example.com/notes") == "/people/[address]/notes"
    assert without_addresses("/people/ann/notes") == "/people/ann/notes"
