"""Configuration: one frozen object, made of the environment once."""

import os
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything that differs between one installation and the next."""

    database_url: str
    secret_key: str
    pool_size: int = 10

    @classmethod
    def from_environment(cls) -> Self:
        """Ends the process where something is missing."""
        missing = [name for name in ("DATABASE_URL", "SECRET_KEY") if not os.environ.get(name)]
        if missing:
            raise SystemExit(f"workshop cannot start: set {' and '.join(missing)}")
        return cls(database_url=os.environ["DATABASE_URL"], secret_key=os.environ["SECRET_KEY"])
