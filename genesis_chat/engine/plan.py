"""Which exchanges of a conversation are in the prompt, and where states may fit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..errors import ContextFullError
from .events import Context
from .prompt import ChatFormat, Sizes
from .protocol import Request

# When exchanges have to leave, so many do that this share of the context is free:
# the turns that follow then need no reading anew.
FREE_SHARE = 4
# What a reply may have where nobody bounds it and a quarter of the context is less.
LEAST_LONGEST = 512


@dataclass(frozen=True)
class Plan:
    """A prompt; `boundaries` are lengths of it after which a state may be kept.

    `starts` are where its messages begin: question and reply of each exchange, then
    of the one to come. `dropped` counts exchanges that were in the prompt of the
    turn before. `checkpoint` is the length after which a state should be kept for
    the turn that follows, None where the state after the reply will do; with `thinks`
    the reply begins in a thought. `left_out` counts all exchanges that are not in the
    prompt.
    """

    prompt: list[int]
    boundaries: list[int]
    starts: tuple[int, ...]
    dropped: int
    checkpoint: int | None = None
    thinks: bool = False
    left_out: int = 0


class Planner:
    """Plans prompts for one model, in its chat format."""

    def __init__(self, form: ChatFormat, context: int) -> None:
        self._format, self._context = form, context

    def plan(self, request: Request) -> Plan:
        """The prompt of a request.

        Raises `ContextFullError`, with the numbers, and `ModelError` when the
        model's template fails.
        """
        sizes, begun = self._format.sizes(request), len(request.begun)
        turn = sizes.turn + begun
        if sizes.system + turn >= self._context:
            raise self._full(sizes.system, turn)
        before, first = self._first(request, sizes, turn)
        layout = self._format.layout(self._without(request, first))
        # Templates may write more for a whole conversation than for its parts.
        while len(layout.ids) + begun >= self._context:
            if first == len(request.exchanges):
                raise self._full(sizes.system, len(layout.ids) + begun - sizes.system)
            first += 1
            layout = self._format.layout(self._without(request, first))
        prompt, boundaries = layout.ids, layout.boundaries
        checkpoint = layout.checkpoint
        if request.controls.repeated and checkpoint is None:
            checkpoint = len(prompt) - 1
        if begun:
            prompt = [*prompt, *request.begun]
            boundaries = [*boundaries, len(prompt)]
        return Plan(
            prompt,
            boundaries,
            layout.starts,
            first - before,
            checkpoint,
            layout.thinks,
            first,
        )

    def continuation(self, ids: Sequence[int], repeated: bool) -> Plan:
        """The prompt of a text that goes on, given its ids; see `plan`."""
        if len(ids) >= self._context:
            raise ContextFullError(
                f"The text takes up {len(ids)} tokens; the model's context holds "
                f"{self._context}. Shorten the text."
            )
        checkpoint = len(ids) - 1 if repeated else None
        return Plan(list(ids), [], (0, len(ids)), 0, checkpoint)

    def longest(self, request: Request) -> int:
        """How long a reply may get, in tokens; the context may end it before."""
        if request.settings.max_tokens is not None:
            return request.settings.max_tokens
        return max(self._context // FREE_SHARE, LEAST_LONGEST)

    def context(self, request: Request) -> Context:
        """How full the context is with the request's exchanges."""
        sizes = self._format.sizes(request)
        _, first = self._first(request, sizes, 0)
        kept = [whole for _, whole in sizes.exchanges[first:]]
        used = sizes.system + sum(kept)
        room = max(0, self._context - used - self._reserve(request))
        leaving, full = 0, used + room + self._reserve(request)
        for whole in kept:
            if full <= self._target:
                break
            full -= whole
            leaving += 1
        return Context(used, self._context, room, first, leaving)

    @property
    def _target(self) -> int:
        return self._context - self._context // FREE_SHARE

    def _reserve(self, request: Request) -> int:
        """What is left free for the reply."""
        return min(self.longest(request), self._context // FREE_SHARE)

    def _first(self, request: Request, sizes: Sizes, turn: int) -> tuple[int, int]:
        """Exchanges that had left before this turn, and that have with it.

        Every turn so far is gone through: a conversation that is opened again drops
        the same exchanges as one that was never closed.
        """
        reserve = self._reserve(request)
        exchanges = sizes.exchanges
        first, total, before = 0, sizes.system, 0
        for number, now in enumerate([*(asked for asked, _ in exchanges), turn]):
            before = first
            if total + now + reserve > self._context:
                while first < number and total + now + reserve > self._target:
                    total -= exchanges[first][1]
                    first += 1
            if number < len(exchanges):
                total += exchanges[number][1]
        return before, first

    def _without(self, request: Request, count: int) -> Request:
        """The request without its first exchanges."""
        if not count:
            return request
        return replace(request, exchanges=request.exchanges[count:])

    def _full(self, system: int, turn: int) -> ContextFullError:
        what = "system prompt" if system > turn else "message"
        return ContextFullError(
            f"The system prompt and the message take up {system + turn} tokens; the "
            f"model's context holds {self._context}. Shorten the {what}."
        )
