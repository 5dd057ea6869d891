"""The application."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from starlette.exceptions import HTTPException

from src.api.routes import auth, health, notes
from src.core.config import Settings, load_settings
from src.core.crowds import Crowds
from src.core.database import open_pool
from src.core.exceptions import ServiceError, TooMany
from src.core.limits import Limits
from src.core.logging import set_up_logging
from src.core.middleware import CarefulAnswers
from src.core.repeats import Repeats
from src.core.requests import Requests
from src.core.telemetry import set_up_tracing

_DOCUMENT = Path(__file__).parents[1] / "openapi.json"


def create_app(settings: Settings) -> FastAPI:
    """The service with these settings."""

    set_up_logging()
    set_up_tracing()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        url = settings.database_url.get_secret_value()
        async with (
            await open_pool(url, settings.pool_size) as app.state.pool,
            Redis.from_url(
                settings.redis_url.get_secret_value(),
                socket_timeout=1.0,
                socket_connect_timeout=1.0,
                retry=Retry(NoBackoff(), 1),
            ) as app.state.redis,
        ):
            redis = app.state.redis
            app.state.limits = Limits(redis, settings.rate_limit_address, settings.rate_limit_user)
            yield

    app = FastAPI(
        title="Notes",
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.settings = settings
    app.add_middleware(Repeats)
    app.add_middleware(Crowds)
    app.add_middleware(Requests)
    app.add_middleware(CarefulAnswers)
    api = APIRouter(prefix="/api")
    api.include_router(auth.router)
    api.include_router(notes.router)
    app.include_router(api)
    app.include_router(health.router)
    document = json.loads(_DOCUMENT.read_text())

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> JSONResponse:
        return JSONResponse(document)

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @app.exception_handler(ServiceError)
    async def refuse(_: Request, error: ServiceError) -> JSONResponse:
        body = {"error": {"message": error.message, "code": error.code}}
        headers = {"Retry-After": str(error.seconds)} if isinstance(error, TooMany) else None
        return JSONResponse(body, error.status, headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        message = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        return JSONResponse({"error": {"message": message, "code": "invalid_input"}}, 422)

    @app.exception_handler(HTTPException)
    async def lost(_: Request, error: HTTPException) -> JSONResponse:
        body = {"error": {"message": error.detail, "code": f"http_{error.status_code}"}}
        return JSONResponse(body, error.status_code, error.headers)

    return app


app = create_app(load_settings())
