"""Requests that are refused, and the one form in which every error is answered.

Responsible for: `Refusal`, and errors as JSON, `{"error": {"code", "message"}}`.
Not here: which requests are refused.

Invariant: an answer never shows a traceback or anything else of the inside.
"""

from __future__ import annotations

import logging
import math
from typing import Any

from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException

_LOG = logging.getLogger(__name__)

AnyRequest = Request[Any, Any, Any]


class Refusal(Exception):
    """The request cannot be served: `code` is one word for programs, `message` a sentence for people.

    `retry_s` is when it is worth to ask again, None if not by waiting.
    """

    def __init__(self, status: int, code: str, message: str, retry_s: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_s = retry_s


class BadRequest(Refusal):
    """The request breaks a rule."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(403 if code == "not_allowed" else 400, code, message)


def error_answer(
    status: int, code: str, message: str, headers: dict[str, str] | None = None
) -> Response[dict[str, dict[str, str]]]:
    """The form of every error."""
    body = {"error": {"code": code, "message": message}}
    return Response(body, status_code=status, media_type=MediaType.JSON, headers=headers)


def retry_after(seconds: float) -> dict[str, str]:
    """The header that says when to ask again, in whole seconds, 1 at least."""
    return {"retry-after": str(max(1, math.ceil(seconds)))}


def refused(_: AnyRequest, error: Refusal) -> Response[Any]:
    """The answer to a refused request."""
    headers = {} if error.retry_s is None else retry_after(error.retry_s)
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    return error_answer(error.status, error.code, error.message, headers)


def http_error(_: AnyRequest, error: HTTPException) -> Response[Any]:
    """The answer where there is no such path, method or body."""
    codes = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}
    message = error.detail
    if isinstance(error.extra, list) and error.extra and isinstance(error.extra[0], dict):
        first = error.extra[0]
        message = ": ".join(str(first[key]) for key in ("key", "message") if first.get(key))
    return error_answer(error.status_code, codes.get(error.status_code, "error"), message)


def not_text(_: AnyRequest, __: UnicodeDecodeError) -> Response[Any]:
    """The answer to a body that is no text."""
    return error_answer(400, "bad_request", "the body is not text in UTF-8")


def unexpected(request: AnyRequest, error: Exception) -> Response[Any]:
    """The answer to a fault of ours."""
    _LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return error_answer(500, "internal", "the server failed to answer; its log says why")
