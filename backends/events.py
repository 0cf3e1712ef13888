"""What generating yields, the same for every backend."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


class FinishReason(StrEnum):
    """Why a reply ended: an end token, `max_tokens`, or a full context."""

    STOP = "stop"
    LENGTH = "length"
    CONTEXT = "context"


@dataclass(frozen=True, eq=False)
class Readings:
    """Readings of the first sequence of a call that read L tokens; S so far.

    Attributes:
        decay: what GLA leaves of its state with each token, 0 to 1
            [GLA layers, L, H].
        log_forget: log of FoX's forget gate at each token [FoX layers, L, H].
        remaining: the weight that each token so far can still receive from the last
            one, the product of the forget gates since [FoX layers, H, S].
        surprise: mean squared difference of what the model expected of itself and
            what test-time training made of it [L]; None without it.
        confidence: its confidence in that, 0 to 1 [L].
        mix: the share of the adapted vector, `ttt_strength` times the mean
            confidence so far [L].
        gla_layers: which blocks of the model the GLA layers are, counted from 1.
        fox_layers: which ones the FoX layers are.
    """

    decay: Array
    log_forget: Array
    remaining: Array
    surprise: Array | None
    confidence: Array | None
    mix: Array | None
    gla_layers: tuple[int, ...] = ()
    fox_layers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Prefilled:
    """So many tokens of the prompt have been read; readings of the last ones."""

    done: int
    total: int
    readings: Readings | None = None


@dataclass(frozen=True)
class GeneratedToken:
    """A token and, with the last one, why it is the last.

    `log_probability` is what the model itself gives the token, before any sampling
    setting: natural logarithm, at temperature 1. `readings` are of the step that
    produced it, which read the token before; for the first one see `Prefilled`.
    `alternatives` are the likeliest ids there with their log probabilities.
    """

    id: int
    log_probability: float
    finish_reason: FinishReason | None = None
    readings: Readings | None = None
    alternatives: tuple[tuple[int, float], ...] = ()
