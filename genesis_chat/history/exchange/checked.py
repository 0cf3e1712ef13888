"""Values of a file from anywhere: each is what it should be, or refused."""

import reprlib
from collections.abc import Sequence
from typing import Any, NoReturn

from ..rows import storable

DEEPEST = 32
# Years 1 to 9999 in milliseconds since 1970: what a date can show.
FIRST_TIME, LAST_TIME = -62_135_596_800_000, 253_402_300_799_999

_KINDS = {
    dict: "an object",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "null",
}


class Refused(Exception):
    """Why a file cannot be imported, as a clause: "line 3 is no JSON"."""

    def __init__(
        self, reason: str, advice: str = "correct the file or export it again"
    ) -> None:
        super().__init__(reason)
        self.advice = advice


def shown(value: Any) -> str:
    """A value of the file, shortened and without what acts on a terminal."""
    return reprlib.repr(value)


class Fields:
    """An object of the file; its methods raise `Refused` with the object's place."""

    def __init__(self, value: Any, place: str) -> None:
        self.place = place
        if not isinstance(value, dict):
            self._wrong("", value, "an object")
        self._values: dict[str, Any] = value

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def text(self, name: str) -> str:
        """A text, as far as it can be stored."""
        value = self._values.get(name)
        return storable(value) if isinstance(value, str) else self._not(name, "text")

    def optional_text(self, name: str) -> str | None:
        """A text, or None where there is null or nothing."""
        return self.text(name) if name in self else None

    def one_of(self, name: str, choices: Sequence[str]) -> Any:
        """One of a few words."""
        value = self.text(name)
        if value not in choices:
            raise Refused(
                f"{name!r} of {self.place} is {shown(value)}, which is none of "
                f"{', '.join(choices)}"
            )
        return value

    def flag(self, name: str) -> bool:
        """True or false, which is also what nothing means."""
        value = self._values.get(name, False)
        return value if isinstance(value, bool) else self._not(name, "true or false")

    def whole(self, name: str) -> int:
        """A whole number of any size."""
        value = self._values.get(name)
        return value if type(value) is int else self._not(name, "a whole number")

    def integer(self, name: str, low: int = 0, high: int = 2**63 - 1) -> int:
        """A whole number within two bounds."""
        value = self.whole(name)
        if not low <= value <= high:
            raise Refused(f"{name!r} of {self.place} is out of range: {shown(value)}")
        return value

    def number(self, name: str) -> float | None:
        """A number, or None where there is null or nothing."""
        value = self._values.get(name)
        if value is not None and type(value) not in (int, float):
            self._not(name, "a number")
        return None if value is None else float(value)

    def time(self, name: str) -> int | None:
        """Milliseconds since 1970, or None where there is null or nothing."""
        return self.integer(name, FIRST_TIME, LAST_TIME) if name in self else None

    def items(self, name: str) -> list[Any]:
        """A list."""
        value = self._values.get(name)
        return value if isinstance(value, list) else self._not(name, "a list")

    def integers(self, name: str, high: int) -> tuple[int, ...]:
        """A list of whole numbers from zero on; empty where there is nothing."""
        values = self.items(name) if name in self else []
        for value in values:
            if type(value) is not int or not 0 <= value <= high:
                raise Refused(f"{name!r} of {self.place} holds {shown(value)}")
        return tuple(values)

    def mapping(self, name: str) -> dict[str, Any]:
        """An object as it is."""
        value = self._values.get(name)
        return value if isinstance(value, dict) else self._not(name, "an object")

    def plain(self, name: str) -> dict[str, Any]:
        """An object of plain values, not nested too deeply."""
        value: dict[str, Any] = self._plain(self.mapping(name), 0)
        return value

    def _plain(self, value: Any, depth: int) -> Any:
        if depth > DEEPEST:
            raise Refused(f"{self.place} is nested too deeply")
        if isinstance(value, dict):
            return {storable(k): self._plain(v, depth + 1) for k, v in value.items()}
        if isinstance(value, list):
            return [self._plain(item, depth + 1) for item in value]
        return storable(value) if isinstance(value, str) else value

    def _not(self, name: str, wanted: str) -> NoReturn:
        if name not in self._values:
            raise Refused(f"{self.place} has no {name!r}")
        self._wrong(f"{name!r} of ", self._values[name], wanted)

    def _wrong(self, name: str, value: Any, wanted: str) -> NoReturn:
        raise Refused(f"{name}{self.place} is {_KINDS[type(value)]}, not {wanted}")
