"""What an engine reports while it replies."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..settings import GenerationSettings
from .controls import Likelihood

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# What is shorter than both is no measurement: its speed is chance.
MEASURED_TOKENS, MEASURED_SECONDS = 16, 0.25
FinishReason = Literal["stop", "length", "context", "cancelled", "error"]


@dataclass(frozen=True)
class Reply:
    """A finished or interrupted reply and how it came about.

    `token_ids` are the model's, the end token included and those it had begun with;
    `log_probabilities` what the model gives each one that was generated now (natural
    logarithm, before the sampling settings); `text` leaves out control tokens and
    the white space around. `prompt_tokens` counts what stands before the reply,
    `prefilled_tokens` what had to be read now. `seconds_to_first_token` counts from
    the request; `tokens_per_second` covers the tokens after the first of this run.
    Both are None when there were none. `thought` is what it thought before the text,
    in `thought_tokens` tokens, the marks around included, and `thought_seconds` from
    the request until it had thought enough; None when it did not think. `left_out`
    counts the oldest exchanges that were not in the prompt.
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
    thought: str = ""
    thought_tokens: int = 0
    thought_seconds: float | None = None
    left_out: int = 0

    @property
    def reply_tokens(self) -> int:
        """Number of tokens generated."""
        return len(self.token_ids)

    @property
    def measured_speed(self) -> float | None:
        """`tokens_per_second` where it is worth showing; see `measured_speed`."""
        return measured_speed(len(self.log_probabilities), self.tokens_per_second)


def measured_speed(tokens: int, tokens_per_second: float | None) -> float | None:
    """A reply's speed in tokens/s, None when it is too short to tell.

    Of 16 `tokens` and more, or of at least 0.25 s. Their first one does not count: the
    speed is that of the others.
    """
    if not tokens_per_second or tokens_per_second <= 0:
        return None
    seconds = (tokens - 1) / tokens_per_second
    long = tokens >= MEASURED_TOKENS or seconds >= MEASURED_SECONDS
    return tokens_per_second if long else None


@dataclass(frozen=True)
class Context:
    """How full the model's context is, in tokens unless said otherwise.

    `used` is what the next prompt begins with: the system prompt and the exchanges
    that are still in it. `limit` is the length the model was trained on. `left_out`
    counts the oldest exchanges, which are no longer in the prompt. After `room` more
    tokens the next `leaving` exchanges follow them, to make room.
    """

    used: int
    limit: int
    room: int
    left_out: int
    leaving: int


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

    `log_probabilities` belong to `token_ids`, one to each. So do `likelihoods`, but
    for tokens that end replies; there are none unless they were asked for.
    """

    text: str
    token_ids: tuple[int, ...]
    log_probabilities: tuple[float, ...]
    likelihoods: tuple[Likelihood, ...] = ()


@dataclass(frozen=True)
class PromptTokens:
    """The text of each token of the prompt; told only when readings are asked for.

    A token that ends within a character has none: its character is that of the token
    which completes it. `starts` as of `MixerReadings`.
    """

    texts: tuple[str, ...]
    starts: tuple[int, ...]


@dataclass(frozen=True)
class Thought:
    """A piece of what the model thinks before its reply; otherwise as `Text`."""

    text: str
    token_ids: tuple[int, ...]
    log_probabilities: tuple[float, ...]
    likelihoods: tuple[Likelihood, ...] = ()


@dataclass(frozen=True, eq=False)
class MixerReadings:
    """What the mixers did with the L tokens of one step, when S had been read.

    Attributes:
        decay: what each head of gated linear attention keeps of its state with each
            token, 0 to 1 [layers, L, heads].
        log_forget: log of each forgetting head's gate at each token
            [layers, L, heads].
        remaining: the weight that each token so far can still receive from the last
            one, 0 to 1 [layers, heads, S].
        surprise: how far the adapted vector is from what the model expected of
            itself, a mean square [L]; None without test-time training.
        confidence: how much it trusts the adapted vector, 0 to 1 [L].
        mix: the share of the adapted vector in what comes out [L].
        gla_layers: which of the model's layers the first ones are, counted from 1.
        fox_layers: which ones the forgetting layers are.
        starts: where in the S tokens each message begins: question and reply of
            every exchange in the prompt, then of this one.
    """

    decay: "NDArray[np.float32]"
    log_forget: "NDArray[np.float32]"
    remaining: "NDArray[np.float32]"
    surprise: "NDArray[np.float32] | None"
    confidence: "NDArray[np.float32] | None"
    mix: "NDArray[np.float32] | None"
    gla_layers: tuple[int, ...] = ()
    fox_layers: tuple[int, ...] = ()
    starts: tuple[int, ...] = ()

    @property
    def half_life(self) -> "NDArray[np.float32]":
        """Tokens after which a state is half gone at this pace [layers, L, heads]."""
        import numpy as np

        with np.errstate(divide="ignore"):
            found = np.log(0.5) / np.log(self.decay)
        return np.asarray(found, np.float32)


@dataclass(frozen=True)
class Finished:
    """The last event: the reply, and the context with this exchange in it.

    The context is None when the model is gone, or where there is no conversation.
    """

    reply: Reply
    context: Context | None


Event = (
    Dropped | PromptProgress | PromptTokens | Thought | Text | MixerReadings | Finished
)
