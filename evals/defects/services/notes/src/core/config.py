"""Settings, from the environment alone."""

import sys

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """What the service needs to know before it starts."""

    database_url: SecretStr
    jwt_secret: SecretStr
    redis_url: SecretStr
    pool_size: int = 8
    rate_limit_address: int = 160
    rate_limit_user: int = 120


def load_settings() -> Settings:
    """The settings, or the end of the process with the name of what is missing."""
    try:
        return Settings()
    except ValidationError as error:
        names = ", ".join(str(problem["loc"][0]).upper() for problem in error.errors())
        sys.exit(f"Configuration error: {names} missing or malformed")
