"""Configuration: one frozen object, made of the environment once."""

import os
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything that differs between one installation and the next."""

    database_url: str
    secret_key: str
    redis_url: str
    pool_size: int = 10
    pace: int = 150
    cache_seconds: int = 5

    @classmethod
    def from_environment(cls) -> Self:
        """Ends the process where something is missing."""
        missing = [
            name for name in ("DATABASE_URL", "SECRET_KEY", "REDIS_URL") if not os.environ.get(name)
        ]
        if missing:
            raise SystemExit(f"workshop cannot start: set {' and '.join(missing)}")
        return cls(
            database_url=os.environ["DATABASE_URL"],
            secret_key=os.environ["SECRET_KEY"],
            redis_url=os.environ["REDIS_URL"],
            pace=int(os.environ.get("RATE_LIMIT", cls.pace)),
            cache_seconds=int(os.environ.get("CACHE_SECONDS", cls.cache_seconds)),
        )
