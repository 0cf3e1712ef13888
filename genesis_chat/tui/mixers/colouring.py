"""What each token of the transcript is coloured by, as levels from 0 to 1."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ...engine import Text, Thought
from ..widgets.tints import STEPS, Tints
from .scales import on_log_scale

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

Mode = Literal["off", "attention", "surprise", "certainty"]
MODES: tuple[Mode, ...] = ("off", "attention", "surprise", "certainty")
# The lower ends of the scales; the upper end is 1.
LEAST_WEIGHT, LEAST_LIKELY, LEAST_CERTAIN = 1e-3, 1e-3, 1e-2
# So many tokens are remembered with their probabilities, the latest ones.
MOST = 16_384


@dataclass(frozen=True)
class Piece:
    """A piece of a reply and what the model gave its tokens, natural logarithms.

    `surprise` is minus the log-probability of the least likely one, `certainty` the
    log-probability of the likeliest token where it was least, None if not told.
    """

    text: str
    surprise: float
    certainty: float | None


class Pieces:
    """Replies as they were written, by the ids of their messages."""

    def __init__(self) -> None:
        self._replies: dict[str, list[Piece]] = {}
        self._count = 0

    def take(self, message: str, piece: Text | Thought) -> None:
        """The next piece of a message; a thought is no part of its text."""
        if isinstance(piece, Thought) or not piece.log_probabilities:
            return
        told_of = piece.likelihoods
        tops = [a.alternatives[0].log_probability for a in told_of if a.alternatives]
        told = Piece(
            piece.text,
            max(0.0, -min(piece.log_probabilities)),
            min(tops) if tops else None,
        )
        self._replies.setdefault(message, []).append(told)
        self._count += 1
        while self._count > MOST and len(self._replies) > 1:
            self._count -= len(self._replies.pop(next(iter(self._replies))))

    def tints(self, mode: Mode) -> dict[str, Tints]:
        """The tints of every reply that the model told enough of."""
        return {
            message: found
            for message, pieces in self._replies.items()
            if (found := _of_pieces(pieces, mode))
        }


def of_message(texts: Sequence[str], weights: "Array", content: str) -> Tints | None:
    """The tints of a message by the weight that is left to each of its tokens.

    Args:
        texts: the tokens' texts; those of a message that is going on may be fewer.
        weights: the weights 0 to 1 [tokens].
        content: the message, which the texts contain; else there are no tints.
    """
    import numpy as np

    many = min(len(texts), len(weights))
    lengths = np.fromiter(map(len, texts[:many]), np.int64, many)
    if not lengths.any():
        return None
    # A token without text is coloured with the one that completes its character.
    closing = np.flatnonzero(lengths)
    starts = np.concatenate([[0], closing[:-1] + 1])
    sums = np.add.reduceat(weights[: closing[-1] + 1].astype(np.float64), starts)
    means = sums / (closing + 1 - starts)
    levels = np.repeat(_steps(on_log_scale(means, LEAST_WEIGHT, 1)), lengths[closing])
    joined = "".join(texts[:many])
    for wanted in (content.strip(), joined.strip()):
        at = joined.find(wanted)
        # The second is a reply that is being written, as far as it has come, or one
        # that was cut: its last token was never read.
        cut = many < len(texts) and content.strip().startswith(wanted)
        if wanted and at >= 0 and (cut or wanted.startswith(content.strip())):
            return Tints(wanted, tuple(levels[at : at + len(wanted)].tolist()))
    return None


def _of_pieces(pieces: Sequence[Piece], mode: Mode) -> Tints | None:
    import numpy as np

    if mode == "surprise":
        # As likely as one in a thousand is as surprising as can be shown.
        values = [piece.surprise for piece in pieces]
        levels = 1 - on_log_scale(np.exp(np.negative(values)), LEAST_LIKELY, 1)
    elif mode == "certainty":
        known = [piece.certainty for piece in pieces if piece.certainty is not None]
        if len(known) < len(pieces):
            return None
        levels = on_log_scale(np.exp(known), LEAST_CERTAIN, 1)
    else:
        return None
    lengths = [len(piece.text) for piece in pieces]
    text = "".join(piece.text for piece in pieces)
    return Tints(text, tuple(np.repeat(_steps(levels), lengths).tolist()))


def _steps(levels: "Array") -> "NDArray[np.int8]":
    import numpy as np

    return np.asarray(np.rint(levels * (STEPS - 1)), np.int8)
