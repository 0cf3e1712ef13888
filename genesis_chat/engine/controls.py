"""What other programs may ask of one reply besides the settings; nobody keeps it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Controls:
    """Controls of one reply, as OpenAI's interface has them; all off by default.

    Attributes:
        stop: texts that end the reply and do not belong to it, wherever tokens end.
        presence_penalty: taken from the logits of tokens that the reply has, -2 to 2.
        frequency_penalty: the same for each time that it has one, -2 to 2.
        logit_bias: added to the logits of these token ids, -100 to 100.
        alternatives: how many of the likeliest tokens are told at each place, 0 for
            the reply's own only; None tells nothing.
        raw: the content is a text that is to go on, without a chat format, and its
            continuation keeps the white space around it.
        repeated: the same prompt is going to come again at once, with another seed.
    """

    stop: tuple[str, ...] = ()
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    logit_bias: tuple[tuple[int, float], ...] = ()
    alternatives: int | None = None
    raw: bool = False
    repeated: bool = False


NO_CONTROLS = Controls()


@dataclass(frozen=True)
class Likelihood:
    """A token of a reply with its bytes and its log probability.

    `alternatives` are the likeliest tokens there, the likeliest first.
    """

    bytes: bytes
    log_probability: float
    alternatives: tuple["Likelihood", ...] = ()
