"""Errors of the converters. Each problem is one sentence a person can act on."""

MAX_SHOWN = 160
# What to do about a model that is used where it lies.
AGAIN = "; get the model again"


class ConversionError(Exception):
    """A checkpoint, tokenizer or destination that cannot be used.

    `problems` holds every sentence; `str()` joins them, one per line.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class DestinationExistsError(ConversionError):
    """The destination is taken and replacing it was not asked for."""


def shown(text: str) -> str:
    """Text from a foreign file as it may stand inside a sentence of ours."""
    text = text if text.isprintable() else ascii(text)[1:-1]
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def reason(error: OSError) -> str:
    """The operating system's own words for an error, without paths."""
    return (error.strerror or str(error) or type(error).__name__).lower()
