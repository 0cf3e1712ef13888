"""What reads one JSON value, more or less generously."""

import json
from typing import Any, Protocol

from .deep_json import DeepDecoder

# A number with more digits is a float.
DIGITS = 20


class Decoder(Protocol):
    """What reads one value; `idx` is where it begins. Gives it and where it ends."""

    def raw_decode(self, s: str, idx: int, /) -> tuple[Any, int]: ...


def _int(digits: str) -> int | float:
    return int(digits) if len(digits) <= DIGITS else float(digits)


def _constant(name: str) -> None:
    """NaN and its like are no values."""


ANYTHING = json.JSONDecoder(parse_int=_int, parse_constant=_constant, strict=False)
# Where lines end values, a text that has no end must not swallow the next ones.
LINE = json.JSONDecoder(parse_int=_int, parse_constant=_constant)
DEEP = DeepDecoder(ANYTHING)
