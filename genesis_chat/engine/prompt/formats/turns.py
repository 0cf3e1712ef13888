"""Formats in which every turn is encoded for itself."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from converters import Tokenizer

from ....errors import ModelError
from ...protocol import Exchange, Request
from .base import Answered, Layout, Lesson, Sizes


@dataclass(frozen=True)
class Encoded:
    """Token ids of an exchange: `turn` is all before the reply's first token.

    `generated` counts the reply's own tokens after which a state may be kept.
    """

    turn: list[int]
    reply: list[int]
    generated: int

    def __len__(self) -> int:
        return len(self.turn) + len(self.reply)


class TurnFormat(ABC):
    """A `ChatFormat` whose turns do not depend on those around them.

    Encodings of the last conversation are kept.
    """

    thinking = None
    calls = None
    stop_ids: tuple[int, ...] = ()
    stop_texts: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    speaker = ""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.token_bytes = self.call_bytes = tokenizer.token_bytes
        self._known: dict[Exchange, Encoded] = {}
        # They are measured, and laid out a moment later.
        self._system = lru_cache(2)(self.encode_system)
        self._turn = lru_cache(2)(self.encode_turn)

    @abstractmethod
    def encode_system(self, system: str) -> list[int]:
        """What stands before the first turn; `system` may be empty."""

    @abstractmethod
    def encode_turn(self, content: str) -> list[int]:
        """A user's message, and what opens the reply."""

    @abstractmethod
    def encode_reply(self, text: str) -> list[int]:
        """A reply that only its text is known of, and what closes it."""

    @abstractmethod
    def reply_footer(self, reply: Sequence[int]) -> list[int]:
        """What closes a reply, given the ids the model produced."""

    def new_reply(self, text: str) -> list[int]:
        """The ids that a reply has to be generated as, with the token that ends it."""
        ids = self.encode_reply(text)
        ends = (at for at, id in enumerate(ids, 1) if id in self.stop_ids)
        return ids[: next(ends, None)]

    def generated(self, exchange: Exchange) -> list[int]:
        """The ids of a reply by this model that stand as they are."""
        return list(exchange.token_ids)

    def sizes(self, request: Request) -> Sizes:
        """See `ChatFormat.sizes`."""
        self._known = {
            exchange: self._encode(exchange) for exchange in request.exchanges
        }
        known = (self._known[exchange] for exchange in request.exchanges)
        exchanges = tuple((len(each.turn), len(each)) for each in known)
        turn = len(self._turn(request.content))
        return Sizes(len(self._system(request.system)), exchanges, turn)

    def layout(self, request: Request) -> Layout:
        """See `ChatFormat.layout`."""
        ids = list(self._system(request.system))
        starts, boundaries = [], []
        for exchange in map(self._encode, request.exchanges):
            starts += [len(ids), len(ids) + len(exchange.turn)]
            ids += exchange.turn
            if exchange.generated:
                boundaries.append(len(ids) + exchange.generated)
            ids += exchange.reply
        starts.append(len(ids))
        ids += self._turn(request.content)
        return Layout(ids, (*starts, len(ids)), boundaries)

    def lessons(self, answered: Sequence[Answered]) -> list[Lesson | ModelError]:
        """See `ChatFormat.lessons`."""
        return [
            Lesson(self.layout(each.request).ids, self.new_reply(each.reply))
            for each in answered
        ]

    def close(self) -> None:  # noqa: B027 - there is nothing to let go of
        """See `ChatFormat.close`."""

    def _encode(self, exchange: Exchange) -> Encoded:
        if known := self._known.get(exchange):
            return known
        turn, ids = self._turn(exchange.content), self.generated(exchange)
        if ids:
            return Encoded(turn, [*ids, *self.reply_footer(ids)], len(ids))
        return Encoded(turn, self.encode_reply(exchange.reply), 0)
