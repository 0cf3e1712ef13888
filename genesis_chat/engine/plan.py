"""Which exchanges of a conversation are in the prompt, and where states may fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from converters import Tokenizer

from ..conversation import Message
from ..errors import ContextFullError
from .events import Context
from .prompt import encode_message, reply_footer, reply_header
from .protocol import Exchange, Request

# When exchanges have to leave, so many do that this share of the context is free:
# the turns that follow then need no reading anew.
FREE_SHARE = 4
# What a reply may have where nobody bounds it and a quarter of the context is less.
LEAST_LONGEST = 512


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


@dataclass(frozen=True)
class Plan:
    """A prompt; `boundaries` are lengths of it after which a state may be kept.

    `starts` are where its messages begin: question and reply of each exchange, then
    of the one to come. `dropped` counts exchanges that were in the prompt of the
    turn before.
    """

    prompt: list[int]
    boundaries: list[int]
    starts: tuple[int, ...]
    dropped: int


class Planner:
    """Plans prompts for one model; encodings of the last conversation are kept."""

    def __init__(self, tokenizer: Tokenizer, context: int) -> None:
        self._tokenizer, self._context = tokenizer, context
        self._known: dict[Exchange, Encoded] = {}

    def plan(self, request: Request) -> Plan:
        """The prompt of a request. Raises `ContextFullError`, with the numbers."""
        system, exchanges = self._system(request), self._encode(request)
        turn = [*self._turn(request.content), *request.begun]
        if len(system) + len(turn) >= self._context:
            what = "system prompt" if len(system) > len(turn) else "message"
            raise ContextFullError(
                f"The system prompt and the message need {len(system) + len(turn)} "
                f"tokens; the model's context holds {self._context}. Shorten the "
                f"{what}."
            )
        before, first = self._first(request, len(system), exchanges, len(turn))
        kept = exchanges[first:]
        prompt, boundaries, starts = list(system), [], []
        for exchange in kept:
            starts += [len(prompt), len(prompt) + len(exchange.turn)]
            prompt += exchange.turn
            if exchange.generated:
                boundaries.append(len(prompt) + exchange.generated)
            prompt += exchange.reply
        starts += [len(prompt), len(prompt) + len(turn) - len(request.begun)]
        prompt += turn
        if request.begun:
            boundaries.append(len(prompt))
        return Plan(prompt, boundaries, tuple(starts), first - before)

    def longest(self, request: Request) -> int:
        """How long a reply may get, in tokens; the context may end it before."""
        if request.settings.max_tokens is not None:
            return request.settings.max_tokens
        return max(self._context // FREE_SHARE, LEAST_LONGEST)

    def context(self, request: Request) -> Context:
        """How full the context is with the request's exchanges."""
        system, exchanges = len(self._system(request)), self._encode(request)
        _, first = self._first(request, system, exchanges, 0)
        used = system + sum(map(len, exchanges[first:]))
        room = max(0, self._context - used - self._reserve(request))
        leaving, full = 0, used + room + self._reserve(request)
        for exchange in exchanges[first:]:
            if full <= self._target:
                break
            full -= len(exchange)
            leaving += 1
        return Context(used, self._context, room, first, leaving)

    @property
    def _target(self) -> int:
        return self._context - self._context // FREE_SHARE

    def _reserve(self, request: Request) -> int:
        """What is left free for the reply."""
        return min(self.longest(request), self._context // FREE_SHARE)

    def _first(
        self, request: Request, system: int, exchanges: Sequence[Encoded], turn: int
    ) -> tuple[int, int]:
        """Exchanges that had left before this turn, and that have with it.

        Every turn so far is gone through: a conversation that is opened again drops
        the same exchanges as one that was never closed.
        """
        reserve = self._reserve(request)
        first, total, before = 0, system, 0
        for number, now in enumerate([*(len(e.turn) for e in exchanges), turn]):
            before = first
            if total + now + reserve > self._context:
                while first < number and total + now + reserve > self._target:
                    total -= len(exchanges[first])
                    first += 1
            if number < len(exchanges):
                total += len(exchanges[number])
        return before, first

    def _encode(self, request: Request) -> list[Encoded]:
        known = self._known
        self._known = {
            exchange: known.get(exchange) or self._encode_exchange(exchange)
            for exchange in request.exchanges
        }
        return [self._known[exchange] for exchange in request.exchanges]

    def _encode_exchange(self, exchange: Exchange) -> Encoded:
        ids = list(exchange.token_ids)
        turn = self._turn(exchange.content)
        if ids:
            reply = [*ids, *reply_footer(self._tokenizer, ids)]
            return Encoded(turn, reply, len(ids))
        header = len(reply_header(self._tokenizer))
        message = Message("assistant", exchange.reply)
        return Encoded(turn, encode_message(self._tokenizer, message)[header:], 0)

    def _system(self, request: Request) -> list[int]:
        if not request.system:
            return []
        return encode_message(self._tokenizer, Message("system", request.system))

    def _turn(self, content: str) -> list[int]:
        user = encode_message(self._tokenizer, Message("user", content))
        return list(chain(user, reply_header(self._tokenizer)))
