"""What a service's files tell of how it is started."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stacks.python_fastapi.starting.limits import probing_settings


@pytest.mark.parametrize(
    ("line", "raised"),
    [
        ("RATE_LIMIT_PER_MINUTE=60", {"RATE_LIMIT_PER_MINUTE": "600"}),
        ("# RATE_LIMIT_USER_PER_SECOND=0.5", {"RATE_LIMIT_USER_PER_SECOND": "5"}),
        ('export APP_RATELIMIT="100/minute"', {"APP_RATELIMIT": "1000/minute"}),
        ("THROTTLE_RATE=20", {"THROTTLE_RATE": "200"}),
        ("RATE_LIMIT_WINDOW_SECONDS=60", {}),
        ("RATE_LIMIT_WINDOW=60", {}),
        ("RATE_LIMIT_ENABLED=true", {}),
        ("# CACHE_SECONDS=5", {"CACHE_SECONDS": "0"}),
        ("BOOK_CACHE_TTL=60", {"BOOK_CACHE_TTL": "0"}),
        ("CACHE_MAX_ENTRIES=60", {}),
        ("RATE_LIMIT_STORAGE_URL=redis://localhost", {}),
        ("DATABASE_POOL_MAX_SIZE=10", {}),
        ("# the rate limit is 60 a minute", {}),
    ],
)
def test_documented_limits_are_raised(line: str, raised: dict[str, str]) -> None:
    assert probing_settings({".env.example": f"# What may be set\n\n{line}\nOTHER=1\n"}, 10) == raised


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    assert all(name.isupper() for name in probing_settings({".env.example": text}, 2))
