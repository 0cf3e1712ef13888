"""JSON as its standard has it, however hostile."""

import json
from typing import Any

from .errors import ApiError


def parse_json(data: bytes) -> Any:
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
    raise ApiError(400, f"This is not valid JSON: {reason}.", code="invalid_json")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number in JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a field stands there twice")
    return found
