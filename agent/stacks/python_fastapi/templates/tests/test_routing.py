"""How requests find their route, and how their query is read."""

from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request
from httpx import ASGITransport, AsyncClient

from src.api.errors import install_error_handlers
from src.api.routing import Route, add_routes

router = APIRouter(route_class=Route)


def said() -> str:
    """What the endpoint is told; replaced in a test."""
    return "nothing"


@router.get("/things/{thingId}")
async def read(
    request: Request,
    said: Annotated[str, Depends(said)],
    thing_id: Annotated[int, Path(alias="thingId")],
    limit: Annotated[int, Query(alias="pageSize", ge=1, le=100)] = 20,
    copy: Annotated[list[int] | None, Query()] = None,
    schema: Annotated[str | None, Query(max_length=3)] = None,
) -> dict[str, Any]:
    """Everything that was read."""
    return {"at": request.url.path, "said": said, "id": thing_id, "read": [limit, copy, schema]}


@pytest.fixture
def app() -> FastAPI:
    """An application of one route below a prefix."""
    app = FastAPI()
    install_error_handlers(app)
    add_routes(app, router, "/v1")
    return app


async def asked(app: FastAPI, target: str) -> tuple[int, Any]:
    """Status and body of the answer."""
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as client:
        answer = await client.get(target)
    return answer.status_code, answer.json()


async def test_values_are_read_by_name_and_type(app: FastAPI) -> None:
    """Lists take every occurrence, other parameters the last one; what is not sent has its default."""
    everything = await asked(app, "/v1/things/7?copy=1&copy=2&pageSize=3&pageSize=5&schema=a%26b")
    nothing = await asked(app, "/v1/things/7")

    assert everything[1]["read"] == [5, [1, 2], "a&b"]
    assert nothing[1] == {"at": "/v1/things/7", "said": "nothing", "id": 7, "read": [20, None, None]}


async def test_every_wrong_value_is_named(app: FastAPI) -> None:
    """The message names the parameters as the caller knows them."""
    status, body = await asked(app, "/v1/things/7?pageSize=1000&schema=long&copy=x")

    assert status == 422
    assert all(name in str(body) for name in ("pageSize", "schema", "copy"))


async def test_other_paths_are_not_its_own(app: FastAPI) -> None:
    """Neither those that begin differently, nor those that go on differently."""
    assert [(await asked(app, path))[0] for path in ("/things/7", "/v1/things/7/8")] == [404, 404]


async def test_dependencies_can_be_replaced(app: FastAPI) -> None:
    """As FastAPI's own routes allow it."""
    app.dependency_overrides[said] = lambda: "something"

    assert (await asked(app, "/v1/things/7"))[1]["said"] == "something"


def test_every_parameter_is_documented(app: FastAPI) -> None:
    """The document is made of the declarations."""
    operation = app.openapi()["paths"]["/v1/things/{thingId}"]["get"]

    assert [one["name"] for one in operation["parameters"]] == ["thingId", "pageSize", "copy", "schema"]
