"""JSON of a file from anywhere, stricter than Python's own reading of it."""

import json
import math
from typing import Any, NoReturn

from .checked import Refused, shown

# The longest 64-bit number has as many, its sign included.
DIGITS = 20


def parse(text: str, place: str = "it", line: int = 1) -> Any:
    """The value of a JSON text whose first line is `line`.

    Raises `Refused`, also for what Python takes but JSON leaves open: NaN, a number
    beyond any range, a key twice in one object.
    """
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise Refused(
            f"line {line + error.lineno - 1} is not whole JSON "
            f"({error.msg}, column {error.colno})"
        ) from error
    except RecursionError:
        raise Refused(f"{place} is nested too deeply") from None
    except _Flaw as flaw:
        raise Refused(f"{place} holds {flaw}") from None


class _Flaw(Exception):
    """What is wrong within a JSON text, as a clause without its place."""


def _constant(name: str) -> NoReturn:
    raise _Flaw(f"{name}, which is not a number")


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise _Flaw(f"a number that is too large, {shown(digits)}")
    return value


def _int(digits: str) -> int:
    if len(digits) > DIGITS:
        raise _Flaw(f"a number that is too large, {shown(digits)}")
    return int(digits)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise _Flaw(f"an object with {shown(name)} twice")
        values[name] = value
    return values


_DECODER = json.JSONDecoder(
    parse_constant=_constant,
    parse_float=_float,
    parse_int=_int,
    object_pairs_hook=_object,
)
