"""Answers as the server sends them."""

import json
from typing import Any

from starlette.responses import Response

from ..completions import ApiError


def as_json(value: Any) -> bytes:
    """JSON in ASCII, so that no character can act on a terminal."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def json_response(value: Any, status: int = 200, **headers: str) -> Response:
    """An answer in JSON."""
    return Response(as_json(value), status, headers, "application/json")


def error_response(error: ApiError, *, close: bool = False) -> Response:
    """An error; with `close` nothing more is read from whoever sent this."""
    response = json_response(error.body, error.status)
    if close:
        response.headers["Connection"] = "close"
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def as_event(value: Any) -> bytes:
    """One event of a stream."""
    return b"data: " + as_json(value) + b"\n\n"


LAST_EVENT = b"data: [DONE]\n\n"
