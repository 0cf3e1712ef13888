"""A model's own chat template, as Transformers renders it."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ....errors import ModelError
from ....settings import ThinkingMode
from ...protocol import Exchange, Request
from ...tool_use import ID_LENGTH, ToolCall, ToolResult, ToolUse
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
        self._heads: dict[tuple[ThinkingMode, tuple[str, ...]], int] = {}
        self.thinking, self.calls = probed.thinking, probed.calls
        self.stop_ids = probed.stop_ids
        self.warnings = probed.warnings
        thoughts = self.thinking.marks if self.thinking else ()
        calls = self.calls.all_marks if self.calls else ()
        source = MarkedBytes(probed.tokenizer, thoughts)
        self.token_bytes = source.token_bytes
        self.call_bytes = MarkedBytes(probed.tokenizer, (*thoughts, *calls)).token_bytes

    def sizes(self, request: Request) -> Sizes:
        """See `ChatFormat.sizes`."""
        mode = request.settings.thinking, request.tools
        short = replace(request, system="", exchanges=(), content=SHORT, tool_uses=())
        wanted: dict[object, Request] = {mode: short}
        wanted[mode, "system", request.system] = replace(short, system=request.system)
        turns: tuple[Exchange | Request, ...] = (*request.exchanges, request)
        for turn in turns:
            key = mode, "turn", turn.content, turn.tool_uses
            wanted[key] = replace(short, content=turn.content, tool_uses=turn.tool_uses)
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
                (
                    known[mode, "turn", e.content, e.tool_uses] - head,
                    known[mode, e] - nothing,
                )
                for e in request.exchanges
            ),
            known[mode, "turn", request.content, request.tool_uses] - head,
        )

    def layout(self, request: Request) -> Layout:
        """See `ChatFormat.layout`."""
        turns = [request]
        # Calls go through the template as all that a client sends: it is not shown the
        # reply as it was written.
        if self._stable and not request.tools:
            (only,) = self._layouts(turns)
            self._drafter.forget()
            return only
        if (before := _before(request)) is not None:
            turns.append(before)
        # Each turn, and the one that may follow it.
        asked = [each for turn in turns for each in (turn, self._followed(turn))]
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
        mode = short.settings.thinking, short.tools
        if mode not in self._heads:
            first, second = self._layouts([short, replace(short, content=OTHER)])
            # Of tools the last ones are enough.
            self._heads = {key: n for key, n in self._heads.items() if not key[1]}
            self._heads[mode] = shared_length(first.ids, second.ids)
        return self._heads[mode]

    def _followed(self, turn: Request) -> Request:
        """The same conversation when its reply has been given and more is asked.

        Where tools can be called a call is likelier than a reply.
        """
        if turn.tools and self.calls and self.calls.in_prompts:
            name = json.loads(turn.tools[0])["function"]["name"]
            call = ToolCall("a" * ID_LENGTH, name, "{}")
            use = ToolUse((call,), (ToolResult(call.id, name, SHORT),))
            return replace(turn, tool_uses=(*turn.tool_uses, use))
        said = Exchange(turn.content, SHORT, tool_uses=turn.tool_uses)
        return replace(turn, exchanges=(*turn.exchanges, said), tool_uses=())

    def close(self) -> None:
        """See `ChatFormat.close`."""
        self._renderer.close()


def _before(request: Request) -> Request | None:
    """The request that the conversation's last reply or calls were the answer to."""
    if request.tool_uses:
        return replace(request, tool_uses=request.tool_uses[:-1])
    if not request.exchanges:
        return None
    *before, last = request.exchanges
    return replace(
        request,
        exchanges=tuple(before),
        content=last.content,
        tool_uses=last.tool_uses,
    )
