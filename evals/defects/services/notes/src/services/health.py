"""Whether the service can work."""

from src.repositories.health import HealthRepository


class HealthService:
    """Looks at what the service needs."""

    def __init__(self, health: HealthRepository) -> None:
        self._health = health

    async def ready(self) -> bool:
        """True when requests can be served."""
        return await self._health.answers()
