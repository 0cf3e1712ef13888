"""Reading the JSON of a request, however hostile."""

import asyncio
from typing import Any

from starlette.requests import Request

from ..completions import ApiError, parse_json

LIMIT_BYTES = 8_000_000
BODY_SECONDS = 10.0


async def read_json(request: Request) -> Any:
    """The value in a request's body. Raises `ApiError`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiError(
            415, "Send JSON, with the header Content-Type: application/json."
        )
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise ApiError(415, "Send the body as it is, without a Content-Encoding.")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > LIMIT_BYTES:
        raise _too_large()
    data = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                data += part
                if len(data) > LIMIT_BYTES:
                    raise _too_large()
    except TimeoutError:
        raise ApiError(408, f"The body did not come in {BODY_SECONDS:.0f} s.") from None
    return parse_json(bytes(data))


def _too_large() -> ApiError:
    megabytes = LIMIT_BYTES // 1_000_000
    return ApiError(413, f"The body is larger than {megabytes} MB.")
