"""From token ids to text: a reply's thought, its answer, and where it ends."""

from collections.abc import Iterator
from typing import Literal

from converters import Tokenizer

from .pieces import Characters, Edges
from .prompt import ChatFormat
from .prompt.thinking import Thinking

Kind = Literal["thought", "text"]


class Detokenizer:
    """Turns a reply's tokens into pieces of its thought and of its answer.

    `ended` says that a text has come which ends replies in this format; it and what
    follows are left out.

    Args:
        tokenizer: the model's.
        form: its chat format.
        thinks: whether the reply begins in the middle of a thought.
        stops: more texts that end it.
        raw: it goes on with a text, and nothing around it or in it is special.
        calls: whether it may call tools, with marks that belong to it.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        form: ChatFormat,
        thinks: bool,
        stops: tuple[str, ...] = (),
        raw: bool = False,
        calls: bool = False,
    ) -> None:
        self._thinking = None if raw else form.thinking
        self._bytes = form.call_bytes if calls else form.token_bytes
        self._stops = stops if raw else (*form.stop_texts, *stops)
        self._raw = raw
        self._characters = Characters()
        self._edges: dict[Kind, Edges] = {
            "thought": Edges(tokenizer.strips_space),
            "text": Edges(tokenizer.strips_space),
        }
        self._part: Literal["start", "thought", "text"] = "start"
        if self._thinking is None:
            self._part = "text"
        elif thinks:
            self._part = "thought"
        self._held = ""
        self.ended = False

    @property
    def in_thought(self) -> bool:
        """Whether the reply is in its thought, or may still begin one."""
        return self._part != "text"

    def push(self, token: int) -> Iterator[tuple[Kind, str]]:
        """The pieces that are certain now that this token has come."""
        yield from self._take(self._characters.push(self._bytes(token)))

    def flush(self) -> Iterator[tuple[Kind, str]]:
        """The pieces left at the end."""
        yield from self._take(self._characters.flush())
        held, self._held = self._held, ""
        if not self.ended:
            yield from self._emit(
                "thought" if self._part == "thought" else "text", held
            )

    def release(self) -> Iterator[tuple[Kind, str]]:
        """What was held since it might have become a text that ends the reply."""
        held, self._held = self._held, ""
        if self._part == "text":
            yield from self._emit("text", held)

    def _take(self, text: str) -> Iterator[tuple[Kind, str]]:
        self._held += text
        if self._part == "start" and self._thinking:
            self._begin(self._thinking)
        if self._part == "thought" and self._thinking:
            before, found, after = self._held.partition(self._thinking.end)
            self._held = after if found else before
            ready = before if found else self._ready((self._thinking.end,))
            yield from self._emit("thought", ready)
            if found:
                self._part = "text"
        if self._part == "text" and not self.ended:
            ready = self._ready(self._stops)
            yield from self._emit("text", ready)

    def _begin(self, thinking: Thinking) -> None:
        """Find out how the reply begins, once enough of it is there."""
        text = self._held.lstrip()
        if text.startswith(thinking.start):
            self._part, self._held = "thought", text[len(thinking.start) :]
        elif thinking.silent and text.startswith(thinking.silent):
            self._part, self._held = "text", text[len(thinking.silent) :]
        elif not (thinking.start.startswith(text) or thinking.silent.startswith(text)):
            self._part = "text"

    def _ready(self, marks: tuple[str, ...]) -> str:
        """Take what is held, up to a mark or to what may become one."""
        text = self._held
        ends = [at for mark in marks if (at := text.find(mark)) >= 0]
        if ends:
            self.ended = True
            self._held = ""
            return text[: min(ends)]
        kept = max((_begun(text, mark) for mark in marks), default=0)
        self._held = text[len(text) - kept :]
        return text[: len(text) - kept]

    def _emit(self, kind: Kind, text: str) -> Iterator[tuple[Kind, str]]:
        if piece := text if self._raw else self._edges[kind].push(text):
            yield kind, piece


def _begun(text: str, mark: str) -> int:
    """How many of the text's last characters may be the beginning of a mark."""
    longest = min(len(mark) - 1, len(text))
    sizes = range(longest, 0, -1)
    return next((size for size in sizes if mark.startswith(text[-size:])), 0)
