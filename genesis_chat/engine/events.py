"""What a session reports while it replies."""

from dataclasses import dataclass
from typing import Literal

from ..settings import GenerationSettings

FinishReason = Literal["stop", "length", "context", "cancelled", "error"]


@dataclass(frozen=True)
class Reply:
    """A finished or interrupted reply and how it came about.

    `token_ids` are the model's, the end token included, and `log_probabilities` what
    it gives each of them (natural logarithm, before the sampling settings); `text`
    leaves out control tokens and the white space around. `prompt_tokens` is the
    whole prompt, `prefilled_tokens` the part that had to be read now.
    `seconds_to_first_token` counts from the request; `tokens_per_second` covers the
    tokens after the first. Both are None when there were none.
    """

    text: str
    token_ids: tuple[int, ...]
    log_probabilities: tuple[float, ...]
    finish_reason: FinishReason
    prompt_tokens: int
    prefilled_tokens: int
    seconds_to_first_token: float | None
    tokens_per_second: float | None
    model: str
    settings: GenerationSettings

    @property
    def reply_tokens(self) -> int:
        """Number of tokens generated."""
        return len(self.token_ids)


@dataclass(frozen=True)
class Dropped:
    """Old exchanges left the prompt to make room; the system prompt stays."""

    exchanges: int


@dataclass(frozen=True)
class PromptProgress:
    """Tokens of the prompt read so far, of those that have to be read now."""

    done: int
    total: int


@dataclass(frozen=True)
class Text:
    """A piece of the reply, never part of a character, and the tokens behind it.

    `log_probabilities` belong to `token_ids`, one to each.
    """

    text: str
    token_ids: tuple[int, ...]
    log_probabilities: tuple[float, ...]


@dataclass(frozen=True)
class Finished:
    """The last event."""

    reply: Reply


Event = Dropped | PromptProgress | Text | Finished
