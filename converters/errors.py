"""Errors of the converters. Each problem is one sentence a person can act on."""

from backends.errors import AGAIN, shown

__all__ = [
    "AGAIN",
    "ConversionError",
    "DestinationExistsError",
    "reason",
    "shown",
]


class ConversionError(Exception):
    """A checkpoint, tokenizer or destination that cannot be used.

    `problems` holds every sentence; `str()` joins them, one per line.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class DestinationExistsError(ConversionError):
    """The destination is taken and replacing it was not asked for."""


def reason(error: OSError) -> str:
    """The operating system's own words for an error, without paths."""
    return (error.strerror or str(error) or type(error).__name__).lower()
