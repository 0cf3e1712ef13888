"""Values of a GGUF file's metadata, each of the type it must have."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import ConversionError, shown

Default = TypeVar("Default")


class _Missing:
    pass


MISSING = _Missing()


class Metadata:
    """Typed looks into the metadata; every one raises `ConversionError`.

    A key that is not there has the default that is given, and is an error without.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __iter__(self) -> Iterator[str]:
        """Every key of the file."""
        return iter(self._values)

    def text(self, key: str, default: Any = MISSING) -> Any:
        """A string."""
        return self._typed(key, (str,), default)

    def integer(self, key: str, default: Any = MISSING) -> Any:
        """A whole number."""
        return self._typed(key, (int,), default)

    def number(self, key: str, default: Any = MISSING) -> Any:
        """A number; a float32 as the shortest decimal that stands for it."""
        value = self._typed(key, (float, int), default)
        if not isinstance(value, float):
            return value
        if not np.isfinite(value):
            raise ConversionError(f"The file's {shown(key)} is not a finite number.")
        single = np.float32(value)
        return float(str(single)) if float(single) == value else value

    def flag(self, key: str, default: Any = MISSING) -> Any:
        """True or False."""
        return self._typed(key, (bool,), default)

    def texts(self, key: str) -> list[str]:
        """A list of strings."""
        value = self._values.get(key)
        if not isinstance(value, list) or not all(isinstance(t, str) for t in value):
            raise ConversionError(f"The file has no list of texts {shown(key)}.")
        return value

    def numbers(self, key: str, count: int) -> NDArray[Any] | None:
        """At least `count` numbers, of which the first are taken; None without."""
        value = self._values.get(key)
        if value is None:
            return None
        if not isinstance(value, np.ndarray) or len(value) < count:
            raise ConversionError(f"The file's {shown(key)} are not {count:,} numbers.")
        return value[:count]

    def same_in_layers(self, key: str, default: Any = MISSING) -> Any:
        """A whole number that may be given for each layer, but must be one."""
        value = self._values.get(key)
        if isinstance(value, np.ndarray):
            if len(value) == 0 or (value != value[0]).any() or value.dtype.kind == "f":
                raise ConversionError(
                    f"The model has layers with another {shown(key)} than the others, "
                    "which nothing here can run."
                )
            return int(value[0])
        return self.integer(key, default)

    def _typed(self, key: str, kinds: tuple[type, ...], default: Any) -> Any:
        value = self._values.get(key, default)
        if isinstance(value, _Missing):
            raise ConversionError(f"The file does not say {shown(key)}.")
        if value is not default and type(value) not in kinds:
            raise ConversionError(
                f"The file's {shown(key)} is not of the type it must have."
            )
        return value
