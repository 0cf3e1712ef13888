"""Values of other programs' files: what can be understood is, the rest is nothing."""

import math
from datetime import UTC, datetime
from typing import Any

from ..rows import storable
from .checked import FIRST_TIME, LAST_TIME

# Seconds since 1970 stay below 1e11 until the year 5138, milliseconds below 1e14.
_UNITS = ((1e11, 1000.0), (1e14, 1.0), (math.inf, 0.001))
_ROLES = {
    "user": ("user", "human", "prompter", "you", "me"),
    "assistant": ("assistant", "ai", "bot", "chatbot", "chatgpt", "gpt", "model"),
    "system": ("system", "developer"),
    "tool": ("tool", "function", "observation", "ipython"),
}
_ROLE_OF = {name: role for role, names in _ROLES.items() for name in names}


def mapping(value: Any) -> dict[str, Any]:
    """An object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """A list; an empty one for anything else."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """A text, as far as it can be stored; an empty one for anything else."""
    return storable(value) if isinstance(value, str) else ""


def first_text(values: dict[str, Any], *names: str) -> str:
    """The first of some fields that holds more than blanks, or an empty text."""
    found = (text(values.get(name)) for name in names)
    return next((value for value in found if value.strip()), "")


def identity(value: Any) -> str | None:
    """An id: a text or a whole number, as a text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text(value) or None


def by_id(values: list[Any], name: str) -> dict[str, dict[str, Any]]:
    """Objects of a list by their ids; without one, or with another's, by number."""
    found: dict[str, dict[str, Any]] = {}
    for number, value in enumerate(values):
        fields = mapping(value)
        id = identity(fields.get(name))
        found[f"#{number}" if id is None or id in found else id] = fields
    return found


def role(value: Any) -> str | None:
    """`user`, `assistant`, `system` or `tool`, by whatever name; None for others."""
    return _ROLE_OF.get(text(value).strip().casefold())


def moment(value: Any) -> int | None:
    """Milliseconds since 1970, or None.

    Reads numbers of seconds, milliseconds or microseconds, the same as text, ISO 8601
    dates (UTC where no zone is told), and MongoDB's `{"$date": ...}`.
    """
    if isinstance(value, dict):
        value = value.get("$date")
    if isinstance(value, str):
        value = _number_or_date(value)
    if isinstance(value, datetime):
        return _milliseconds(value.timestamp() * 1000)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    factor = next((f for end, f in _UNITS if abs(number) < end), math.nan)
    return _milliseconds(number * factor)


def _milliseconds(value: float) -> int | None:
    return round(value) if FIRST_TIME <= value <= LAST_TIME else None


def _number_or_date(value: str) -> float | datetime | None:
    try:
        return float(value)
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
