"""Refusals, as the document declares them."""

from typing import Any

from src.schemas.api import ErrorBody


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The declared refusals with these statuses."""
    return {status: {"model": ErrorBody, "description": "Refused, and why"} for status in statuses}
