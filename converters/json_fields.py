"""Values out of JSON of our own, held to their types: what is damaged is noticed.

Every function raises `TypeError` or `ValueError`.
"""

import math
from typing import Any, get_args

MAX_NAME_BYTES = 255


def typed(value: Any, kind: type) -> Any:
    """The value, if it is of exactly this type."""
    if type(value) is not kind:
        raise TypeError(f"expected {kind.__name__}")
    return value


def optional(value: Any) -> str | None:
    """A text or nothing."""
    return None if value is None else str(typed(value, str))


def count(value: Any) -> int:
    """A whole number from zero on."""
    if not 0 <= typed(value, int) < 1 << 63:
        raise ValueError("not a count")
    return int(value)


def number(value: Any) -> float:
    """A finite number, whole or not."""
    if type(value) not in (int, float) or not math.isfinite(value):
        raise TypeError("expected a number")
    return float(value)


def texts(value: Any) -> tuple[str, ...]:
    """A list of texts."""
    return tuple(typed(text, str) for text in typed(value, list))


def one_of(kind: Any, value: Any) -> Any:
    """One of the words of a literal type."""
    if value not in get_args(kind):
        raise ValueError("not one of the words that may stand here")
    return value


def plain_name(name: str) -> str:
    """The name of a file, without a folder."""
    # What is not UTF-8 raises ValueError here, too.
    too_long = len(name.encode()) > MAX_NAME_BYTES
    if too_long or name in ("", ".", "..") or set(name) & set("/\\\0"):
        raise ValueError("not a plain file name")
    return name
