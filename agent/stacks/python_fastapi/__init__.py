"""Python and FastAPI on asyncpg."""
