"""A model's own chat template, as Transformers renders it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ....errors import ModelError
from ....settings import ThinkingMode
from ...protocol import Exchange, Request
from ..prefix import shared_length
from ..rendering import Renderer
from ..thinking import MarkedBytes
from .base import Answered, Layout, Lesson, Sizes
from .probing import Probed
from .teaching import Teacher

# As short as a message can be, and another one.
SHORT, OTHER = ".", "a"


class TemplateFormat:
    """Chats in a model's own form; see `ChatFormat`.

    A conversation is rendered as a whole for every turn, in a process of its own; of
    the last one the sizes and encoded parts are kept.

    Args:
        probed: what was found out about the template.
        renderer: renders it.
    """

    stop_texts: tuple[str, ...] = ()
    speaker = ""

    def __init__(self, probed: Probed, renderer: Renderer) -> None:
        self._stable, self._renderer = probed.stable, renderer
        self._drafter = Teacher(probed, renderer)
        self._sizes: dict[object, int] = {}
        self._heads: dict[ThinkingMode, int] = {}
        self.thinking = probed.thinking
        self.stop_ids = probed.stop_ids
        self.warnings = probed.warnings
        source = self.thinking and MarkedBytes(probed.tokenizer, self.thinking)
        self.token_bytes = (source or probed.tokenizer).token_bytes

    def sizes(self, request: Request) -> Sizes:
        """See `ChatFormat.sizes`."""
        mode = request.settings.thinking
        short = replace(request, system="", exchanges=(), content=SHORT)
        wanted: dict[object, Request] = {mode: short}
        wanted[mode, "system", request.system] = replace(short, system=request.system)
        for content in (*(e.content for e in request.exchanges), request.content):
            wanted[mode, "turn", content] = replace(short, content=content)
        for exchange in request.exchanges:
            wanted[mode, exchange] = replace(short, exchanges=(exchange,))
        known = {key: self._sizes[key] for key in wanted if key in self._sizes}
        new = {key: each for key, each in wanted.items() if key not in known}
        layouts = self._layouts(new.values())
        known |= {key: len(each.ids) for key, each in zip(new, layouts, strict=True)}
        self._sizes = known
        head = self._head(short)
        nothing = known[mode]
        return Sizes(
            known[mode, "system", request.system] - nothing + head,
            tuple(
                (known[mode, "turn", e.content] - head, known[mode, e] - nothing)
                for e in request.exchanges
            ),
            known[mode, "turn", request.content] - head,
        )

    def layout(self, request: Request) -> Layout:
        """See `ChatFormat.layout`."""
        turns = [request]
        if self._stable:
            (only,) = self._layouts(turns)
            self._drafter.forget()
            return only
        if request.exchanges:
            *before, last = request.exchanges
            turn = replace(request, exchanges=tuple(before), content=last.content)
            turns.append(turn)
        # Each turn, and the one that may follow it.
        asked = [each for turn in turns for each in (turn, _followed(turn))]
        now, *_ = found = self._drafter.lay_out(asked)
        self._drafter.forget()
        if isinstance(now, ModelError):
            raise now
        # A template that cannot write what follows has no states to keep for it.
        shared = [
            shared_length(first.ids, second.ids)
            for first, second in zip(found[::2], found[1::2], strict=True)
            if isinstance(first, Layout) and isinstance(second, Layout)
        ]
        boundaries = sorted({*now.boundaries, *(size for size in shared if size)})
        checkpoint = shared[0] if isinstance(found[1], Layout) else 0
        return replace(now, boundaries=boundaries, checkpoint=checkpoint or None)

    def lessons(self, answered: Sequence[Answered]) -> list[Lesson | ModelError]:
        """See `ChatFormat.lessons`."""
        found = self._drafter.teach(answered)
        self._drafter.forget()
        return found

    def _layouts(self, requests: Iterable[Request]) -> list[Layout]:
        found = []
        for each in self._drafter.lay_out(list(requests)):
            if isinstance(each, ModelError):
                raise each
            found.append(each)
        return found

    def _head(self, short: Request) -> int:
        """How many tokens stand before whatever the first message says."""
        mode = short.settings.thinking
        if mode not in self._heads:
            first, second = self._layouts([short, replace(short, content=OTHER)])
            self._heads[mode] = shared_length(first.ids, second.ids)
        return self._heads[mode]

    def close(self) -> None:
        """See `ChatFormat.close`."""
        self._renderer.close()


def _followed(turn: Request) -> Request:
    """The same conversation when its reply has been given and more is asked."""
    said = Exchange(turn.content, SHORT)
    return replace(turn, exchanges=(*turn.exchanges, said))
