"""What generating yields, the same for every backend."""

from dataclasses import dataclass
from enum import StrEnum


class FinishReason(StrEnum):
    """Why a reply ended: an end token, `max_tokens`, or a full context."""

    STOP = "stop"
    LENGTH = "length"
    CONTEXT = "context"


@dataclass(frozen=True)
class Prefilled:
    """So many tokens of the prompt have been read."""

    done: int
    total: int


@dataclass(frozen=True)
class GeneratedToken:
    """A token and, with the last one, why it is the last.

    `log_probability` is what the model itself gives the token, before any sampling
    setting: natural logarithm, at temperature 1.
    """

    id: int
    log_probability: float
    finish_reason: FinishReason | None = None
