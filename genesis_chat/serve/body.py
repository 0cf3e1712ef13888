"""Reading the JSON of a request, however hostile."""

import asyncio
import json
from typing import Any

from starlette.requests import ClientDisconnect, Request

from ..completions import ApiError

LIMIT_BYTES = 8_000_000
BODY_SECONDS = 10.0


async def read_json(request: Request) -> Any:
    """The value in a request's body. Raises `ApiError`, `ClientDisconnect`."""
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
    return parse(bytes(data))


def parse(data: bytes) -> Any:
    """The value in JSON, in UTF-8, with finite numbers. Raises `ApiError`."""
    try:
        return json.loads(
            data.decode("utf-8-sig"),
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
    except RecursionError:
        reason = "it is nested too deeply"
    except UnicodeDecodeError:
        reason = "it is not UTF-8"
    except json.JSONDecodeError as error:
        reason = f"{error.msg} at line {error.lineno}, column {error.colno}"
    except ValueError as error:
        # Such as a number of more digits than Python reads.
        reason = str(error).partition(";")[0].partition(":")[0]
    raise ApiError(400, f"The body is not valid JSON: {reason}.", code="invalid_json")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number in JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a field stands there twice")
    return found


def _too_large() -> ApiError:
    megabytes = LIMIT_BYTES // 1_000_000
    return ApiError(413, f"The body is larger than {megabytes} MB.")


__all__ = ["ClientDisconnect", "parse", "read_json"]
