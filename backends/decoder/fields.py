"""Fields of a `config.json` that somebody else wrote."""

import math
from collections.abc import Mapping

from ..errors import ConfigError

# No model has larger sizes, and a damaged file may have any.
LARGEST = 2**31 - 1
MAX_LAYERS = 1024
MAX_WIDTH = 2**20


class Fields:
    """Reads fields of the right type and size, or raises `ConfigError` naming one.

    A field that is null counts as missing; a missing one takes the default, and
    without a default is an error.
    """

    def __init__(self, config: Mapping[str, object], prefix: str = "") -> None:
        self._config, self._prefix = config, prefix

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self._config.get(name) is not None

    def whole(self, name: str, default: int | None = None, most: int = LARGEST) -> int:
        """A whole number from 1 to `most`."""
        value = self._value(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self._wrong(name, "a whole number", value)
        if not 1 <= value <= most or value != int(value):
            raise self._wrong(name, f"a whole number from 1 to {most}", value)
        return int(value)

    def positive(self, name: str, default: float | None = None) -> float:
        """A finite number greater than 0."""
        value = self._value(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self._wrong(name, "a number", value)
        if not 0 < value < 1e300 or not math.isfinite(value):
            raise self._wrong(name, "a usual number greater than 0", value)
        return float(value)

    def flag(self, name: str, default: bool | None = None) -> bool:
        """true or false."""
        value = self._value(name, default)
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false", value)
        return value

    def text(self, name: str, default: str | None = None) -> str:
        """A string."""
        value = self._value(name, default)
        if not isinstance(value, str):
            raise self._wrong(name, "a text", value)
        return value

    def mapping(self, name: str) -> Mapping[str, object]:
        """An object; empty if there is none."""
        value = self._value(name, {})
        if not isinstance(value, Mapping):
            raise self._wrong(name, "an object", value)
        return value

    def listed(self, name: str, length: int) -> list[object]:
        """A list of so many entries."""
        value = self._value(name, None)
        if not isinstance(value, list) or len(value) != length:
            raise self._wrong(name, f"a list of {length} entries", value)
        return value

    def _value(self, name: str, default: object) -> object:
        value = self._config.get(name)
        value = default if value is None else value
        if value is None:
            raise ConfigError(f"{self._prefix}{name} is missing.")
        return value

    def _wrong(self, name: str, wanted: str, value: object) -> ConfigError:
        shown = repr(value)
        shown = shown if len(shown) <= 40 else f"{shown[:40]}…"
        return ConfigError(f"{self._prefix}{name} must be {wanted}, not {shown}.")
