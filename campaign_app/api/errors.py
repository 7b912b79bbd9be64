"""AppErrors, and FastAPI's own, as JSON: {"error": {"code", "message", "fields"}}. The only place that maps them."""

import math
import secrets
from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from campaign_app.core import logging
from campaign_app.core.errors import AppError, Invalid, TooMany

_log = logging.get("api")


def answer(
    status: int,
    code: str,
    message: str,
    fields: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """An error as every route gives it."""
    content = {"error": {"code": code, "message": message, "fields": dict(fields or {})}}
    return JSONResponse(content, status, headers=dict(headers or {}))


def install(app: FastAPI) -> None:
    """Make the app answer errors in our form."""

    @app.exception_handler(AppError)
    async def known(_request: Request, error: AppError) -> JSONResponse:
        fields = error.fields if isinstance(error, Invalid) else {}
        wait = {"Retry-After": str(math.ceil(error.retry_after))} if isinstance(error, TooMany) else None
        message = " ".join(part for part in (error.message, error.hint) if part)
        return answer(error.status, error.code, message, fields, wait)

    @app.exception_handler(RequestValidationError)
    async def malformed(_request: Request, error: RequestValidationError) -> JSONResponse:
        fields = {".".join(str(part) for part in problem["loc"][1:]): problem["msg"] for problem in error.errors()}
        return answer(422, "invalid", "Something in the request is missing or wrong.", fields)

    @app.exception_handler(HTTPException)
    async def plain(_request: Request, error: HTTPException) -> JSONResponse:
        return answer(error.status_code, f"http_{error.status_code}", str(error.detail), headers=error.headers)

    @app.exception_handler(Exception)
    async def unknown(request: Request, error: Exception) -> JSONResponse:
        reference = secrets.token_hex(4)
        _log.error("request failed", reference=reference, path=request.url.path, exc_info=error)
        return answer(
            500, "internal", f"Something went wrong on our side. Give your administrator this number: {reference}."
        )
