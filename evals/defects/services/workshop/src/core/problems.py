"""Answers by RFC 9457."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from src.core.exceptions import Crowded, Hasty, Problem


def problem(status: int, code: str, detail: str, **more: object) -> JSONResponse:
    """One of them."""
    body = {
        "type": f"urn:workshop:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **more,
    }
    return JSONResponse(body, status, media_type="application/problem+json")


def of_problem(error: Problem) -> JSONResponse:
    """As it is told."""
    answer = problem(error.status, error.code, error.detail)
    if isinstance(error, Hasty | Crowded):
        answer.headers["Retry-After"] = str(error.seconds)
    return answer


def install(app: FastAPI) -> None:
    """For everything that is raised."""

    @app.exception_handler(Problem)
    async def of_ours(_: Request, error: Problem) -> JSONResponse:
        return of_problem(error)

    @app.exception_handler(RequestValidationError)
    async def of_input(_: Request, error: RequestValidationError) -> JSONResponse:
        found = [
            {"pointer": "/".join(map(str, one["loc"])), "reason": one["msg"]}
            for one in error.errors()
        ]
        return problem(422, "invalid", "the request breaks the contract", errors=found)

    @app.exception_handler(HTTPException)
    async def of_framework(_: Request, error: HTTPException) -> JSONResponse:
        answer = problem(error.status_code, "http", str(error.detail))
        answer.headers.update(error.headers or {})
        return answer
