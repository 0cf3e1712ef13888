"""Taking a JSON object apart, field by field, so that none is passed over."""

import math
from collections.abc import Mapping
from typing import Any

from .errors import ApiError, unsupported, wrong

# Longer than any field's name here; who sends more learns only its beginning.
SHOWN = 60


class Fields:
    """The fields of a JSON object; null stands for a field that is not there.

    Every method takes its field out; `finish` refuses those that are left. Names in
    errors begin with `path`. All methods raise `ApiError`.
    """

    def __init__(self, value: object, path: str = "") -> None:
        if not isinstance(value, dict):
            raise wrong(path or "body", "must be a JSON object.")
        self._left = {key: each for key, each in value.items() if each is not None}
        self._path = path

    def name(self, field: str) -> str:
        """A field's whole name."""
        return f"{self._path}.{field}" if self._path else field

    def any(self, field: str) -> Any:
        """Its value, whatever it is; None without one."""
        return self._left.pop(field, None)

    def number(
        self, field: str, default: Any, low: float, high: float = math.inf
    ) -> Any:
        """A finite number within bounds."""
        value = self.any(field)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise wrong(self.name(field), "must be a number.")
        try:
            number = float(value)
        except OverflowError:
            # A whole number with hundreds of digits.
            number = math.inf
        if not (low <= number <= high and math.isfinite(number)):
            raise wrong(self.name(field), _bounds("a number", low, high))
        return number

    def integer(
        self, field: str, default: Any, low: int, high: float = math.inf
    ) -> Any:
        """A whole number within bounds; a float counts if it is whole."""
        value = self.any(field)
        if value is None:
            return default
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong(self.name(field), "must be a whole number.")
        if not low <= value <= high:
            raise wrong(self.name(field), _bounds("a whole number", low, high))
        return value

    def boolean(self, field: str, default: bool) -> bool:
        """True or false."""
        value = self.any(field)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise wrong(self.name(field), "must be true or false.")
        return value

    def text(self, field: str) -> str | None:
        """A string, with U+FFFD for what is no character."""
        value = self.any(field)
        if value is None:
            return None
        if not isinstance(value, str):
            raise wrong(self.name(field), "must be a string.")
        return characters(value)

    def one_of(self, field: str, *values: str) -> str | None:
        """One of these strings."""
        value = self.any(field)
        if value is not None and value not in values:
            raise wrong(self.name(field), f"must be one of {', '.join(values)}.")
        found: str | None = value
        return found

    def only(self, neutral: Mapping[str, tuple[Any, ...]], why: str) -> None:
        """Take fields that may be there with a value that changes nothing."""
        for field, values in neutral.items():
            value = self.any(field)
            # In Python 0 is False.
            same = any(type(value) is type(v) and value == v for v in values)
            if value is not None and not same:
                raise unsupported(self.name(field), why)

    def finish(self) -> None:
        """Refuse the first field that is left."""
        for field in self._left:
            raise ApiError(
                400,
                f"Unrecognized field: {characters(field[:SHOWN])!r}. Leave it out.",
                param=self.name(characters(field[:SHOWN])),
                code="unknown_parameter",
            )


def characters(text: str) -> str:
    """A text in which lone surrogates, which are no characters, are U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _bounds(what: str, low: float, high: float) -> str:
    if high == math.inf:
        return f"must be {what}, {low} or more."
    return f"must be {what} from {low} to {high}."
