"""How requests find their route, and how their query is read."""

from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Header, Path, Query, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from httpx import ASGITransport, AsyncClient
from httpx import Response as HTTPResponse

from src.api.errors import install_error_handlers
from src.api.routing import Direct, Route, add_routes

router = APIRouter(route_class=Route)


async def said() -> str:
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


@router.post("/things", status_code=201)
async def create(response: Response, name: Annotated[str, Query()]) -> dict[str, str]:
    """The name, and a header beside it."""
    response.headers["X-Length"] = str(len(name))
    return {"name": name}


@router.get("/tickets/{number}", response_model=dict[str, int])
async def plain(number: int) -> Response:
    """Answers with text, whatever is declared."""
    return Response(f"number {number}", media_type="text/plain")


@router.get("/secrets")
async def secret(token: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> str:
    """Needs credentials."""
    return token.credentials


@router.get("/languages")
async def language(accept_language: Annotated[str, Header()]) -> list[str]:
    """Needs a header, which is FastAPI's business."""
    return accept_language.split(",")


@pytest.fixture
def app() -> FastAPI:
    """An application of one route below a prefix."""
    app = FastAPI()
    install_error_handlers(app)
    add_routes(app, router, "/v1")
    return app


async def answered(app: FastAPI, target: str, method: str = "GET") -> HTTPResponse:
    """The answer of the application."""
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as client:
        return await client.request(method, target, headers={"Accept-Language": "de,en"})


async def asked(app: FastAPI, target: str) -> tuple[int, Any]:
    """Status and body of the answer."""
    answer = await answered(app, target)
    return answer.status_code, answer.json()


async def test_values_are_read_by_name_and_type(app: FastAPI) -> None:
    """Lists take every occurrence, other parameters the last one; what is not sent has its default."""
    everything = await asked(app, "/v1/things/7?copy=1&copy=2&pageSize=3&pageSize=5&schema=a%26b")
    nothing = await asked(app, "/v1/things/7")

    assert everything[1]["read"] == [5, [1, 2], "a&b"]
    assert nothing[1] == {"at": "/v1/things/7", "said": "nothing", "id": 7, "read": [20, None, None]}


async def test_every_wrong_value_is_named(app: FastAPI) -> None:
    """The message names the parameters as the caller knows them."""
    status, body = await asked(app, "/v1/things/x?pageSize=1000&schema=long&copy=x")

    assert status == 422
    assert all(name in str(body) for name in ("thingId", "pageSize", "schema", "copy"))


async def test_status_and_headers_are_the_endpoint_s(app: FastAPI) -> None:
    """As declared for the one, as set for the others."""
    answer = await answered(app, "/v1/things?name=four", "POST")

    assert answer.status_code == 201
    assert answer.headers["X-Length"] == "4"
    assert answer.json() == {"name": "four"}


async def test_an_endpoint_may_answer_as_it_likes(app: FastAPI) -> None:
    """An answer that is whole already is sent as it is."""
    answer = await answered(app, "/v1/tickets/7")

    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.text == "number 7"


async def test_credentials_are_read(app: FastAPI) -> None:
    """Without them nothing is answered."""
    assert (await answered(app, "/v1/secrets")).status_code == 401


def test_only_what_is_read_rarely_takes_the_long_way() -> None:
    """Endpoints that take query, path and credentials are called directly."""
    routes = [one for one in router.routes if isinstance(one, Route)]

    assert [one.path for one in routes if not isinstance(one.app, Direct)] == ["/languages"]


async def test_an_endpoint_may_take_what_it_likes(app: FastAPI) -> None:
    """FastAPI reads what is read rarely."""
    assert await asked(app, "/v1/languages") == (200, ["de", "en"])


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
