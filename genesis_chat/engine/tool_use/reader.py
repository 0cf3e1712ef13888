"""Finding calls in a reply while it is written."""

from collections.abc import Iterator, Sequence

from .forms import CallForm
from .uses import ToolCall

OPENING = ("{", "[")


class CallReader:
    """Takes the pieces of a reply apart into text and calls.

    What may become a call is held until it is one, or cannot be any more: then it is
    text like the rest. White space around calls belongs to neither.

    Args:
        form: how the model writes calls.
        tools: those that can be called, in JSON; see `CallForm.parse`.
    """

    def __init__(self, form: CallForm, tools: Sequence[str]) -> None:
        self._form, self._tools = form, tools
        self._held = self._space = ""
        self._inside = self._said = self._called = False
        # A form without a start: whether the reply's first letter has come.
        self._begun = False

    def push(self, text: str) -> Iterator[str | ToolCall]:
        """The text and the calls that are certain with this piece."""
        self._held += text
        if self._form.start:
            yield from self._marked()
            return
        if not self._begun and (first := self._held.lstrip()[:1]):
            self._begun, self._inside = True, first in OPENING
        if self._begun and not self._inside:
            yield from self._all()

    def finish(self, *, whole: bool) -> Iterator[str | ToolCall]:
        """What is left; `whole` says that the model ended the reply, and nobody else.

        A call that only its end mark is missing of is one where the reply is whole.
        """
        while self._inside:
            calls = self._form.parse(self._held, self._tools) if whole else []
            if calls:
                yield from self._calls(calls, "")
            else:
                yield from self._no_call()
                if self._form.start:
                    yield from self._marked()
        yield from self._all()
        if self._space and not self._called:
            yield self._space

    def _marked(self) -> Iterator[str | ToolCall]:
        """What is certain, where calls have marks."""
        start, end = self._form.start, self._form.end
        while True:
            if not self._inside:
                before, found, after = self._held.partition(start)
                if not found:
                    kept = _beginning(self._held, start)
                    ready = self._held[: len(self._held) - kept]
                    self._held = self._held[len(ready) :]
                    yield from self._text(ready)
                    return
                self._held, self._inside = after, True
                yield from self._text(before)
            if not end:
                return
            inner, found, after = self._held.partition(end)
            if not found:
                return
            if calls := self._form.parse(inner, self._tools):
                yield from self._calls(calls, after)
            else:
                yield from self._no_call()

    def _calls(self, calls: list[ToolCall], after: str) -> Iterator[ToolCall]:
        self._held, self._inside, self._called, self._space = after, False, True, ""
        yield from calls

    def _no_call(self) -> Iterator[str]:
        """The start was none."""
        self._inside = False
        yield from self._text(self._form.start)

    def _all(self) -> Iterator[str]:
        held, self._held = self._held, ""
        yield from self._text(held)

    def _text(self, text: str) -> Iterator[str]:
        text = self._space + text
        if self._called and not self._said:
            text = text.lstrip()
        said = text.rstrip()
        self._space = text[len(said) :]
        if said:
            self._said = True
            yield said


def _beginning(text: str, mark: str) -> int:
    """How many of the text's last characters may be the beginning of a mark."""
    sizes = range(min(len(mark) - 1, len(text)), 0, -1)
    return next((size for size in sizes if mark.startswith(text[-size:])), 0)
