"""Is it alive, and can it work?"""

from fastapi import APIRouter, Response

from src.api.dependencies import Health

router = APIRouter()


@router.get("/health/live", include_in_schema=False)
async def live() -> dict[str, str]:
    """Yes."""
    return {"status": "alive"}


@router.get("/health/ready", include_in_schema=False)
async def ready(health: Health, response: Response) -> dict[str, str]:
    """When the database answers."""
    good = await health.ready()
    response.status_code = 200 if good else 503
    return {"status": "ready" if good else "no database"}
