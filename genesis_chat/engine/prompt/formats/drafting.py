"""Conversations through a chat template and a tokenizer, without a way to forge."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from converters.tokenization.base import without_surrogates

from ....errors import ModelError, TemplateError
from ...protocol import Exchange, Request
from ..encoding import Encoder, Marks
from ..rendering import Renderer, RenderingError
from ..thinking import MarkedBytes, Parts, split_ids
from .base import Answered, Layout
from .messages import Turn
from .probing import Probed
from .tools import marked_json, marked_uses, texts_of

LIMIT_CHARACTERS = 1_000_000
# Renderings at a time: they have the time of one.
BATCH = 50
# Exchanges whose replies have been taken apart.
REMEMBERED = 4096


@dataclass(frozen=True)
class Draft:
    """A conversation with marks in it; `ids` are what the marks' numbers stand for.

    The reply of exchange n has number 3n, its thought 3n + 1, and what stood between
    them 3n + 2; that is no mark, but a text in `between`, by its number.
    """

    turns: tuple[Turn, ...]
    ids: dict[int, Sequence[int]]
    between: dict[int, str]

    def exact(self, text: str, marks: Marks) -> str:
        """The rendered text with marks for what stands between thoughts and replies.

        Where the template writes the same there, it is what was generated.
        """
        for number, gap in self.between.items():
            thought, reply = marks.stand_in(number - 1), marks.stand_in(number - 2)
            exact = f"{thought}{marks.stand_in(number)}{reply}"
            text = text.replace(f"{thought}{gap}{reply}", exact)
        return text


@dataclass(frozen=True)
class Written:
    """Rendered conversations, each with its draft; what fails has its reason."""

    marks: Marks
    drafts: Sequence[Draft]
    texts: Sequence[str | RenderingError]


class Drafter:
    """Renders and encodes conversations with one template.

    Control tokens that somebody typed go through the template between marks, and
    what is between marks is encoded as text. Of a reply that this model generated
    only a mark goes through, and the reply's ids take its place.
    """

    def __init__(self, probed: Probed, renderer: Renderer) -> None:
        self._probed, self._renderer = probed, renderer
        self._encoder = Encoder(probed.tokenizer, probed.control)
        self._bytes = probed.thinking and MarkedBytes(
            probed.tokenizer, probed.thinking.marks
        )
        self._generated = lru_cache(REMEMBERED)(self._split)

    def lay_out(self, requests: Sequence[Request]) -> list[Layout | ModelError]:
        """The layouts of these requests, in one go, or why there is none.

        Raises `ModelError` when the template does not end.
        """
        written = self.write(requests)
        return [
            self._failed(text)
            if isinstance(text, RenderingError)
            else self._layout(request, draft, written.marks, text)
            for request, draft, text in zip(
                requests, written.drafts, written.texts, strict=True
            )
        ]

    def write(self, asked: Sequence[Request | Answered]) -> "Written":
        """Render these conversations in one go, those with an answer up to its end.

        Raises `ModelError` when the template does not end.
        """
        texts = {text for each in asked for text in _texts(each)}
        try:
            marks = Marks.not_in([*texts, self._probed.literals])
        except ValueError as error:
            raise TemplateError(
                f"This conversation cannot be sent: {error}."
            ) from error
        limit = LIMIT_CHARACTERS + 4 * sum(map(len, texts)) * len(asked)
        drafts = [self._draft(each, marks, frozenset()) for each in asked]
        rendered = self._render(asked, drafts, marks, limit)
        # A template may leave a reply out or write it twice: then it is a text again.
        lost = [
            frozenset(n for n in draft.ids if not _is_right(text, marks, n))
            for draft, text in zip(drafts, rendered, strict=True)
        ]
        if any(lost):
            drafts = [
                self._draft(each, marks, left)
                for each, left in zip(asked, lost, strict=True)
            ]
            rendered = self._render(asked, drafts, marks, limit)
        exact = [
            text if isinstance(text, RenderingError) else draft.exact(text, marks)
            for text, draft in zip(rendered, drafts, strict=True)
        ]
        return Written(marks, drafts, exact)

    def forget(self) -> None:
        """Let go of encoded parts that were not used since the last time."""
        self._encoder.forget()

    def _render(
        self,
        asked: Sequence[Request | Answered],
        drafts: Sequence[Draft],
        marks: Marks,
        limit: int,
    ) -> list[str | RenderingError]:
        typed = partial(self._typed, marks=marks)
        variables = [
            self._probed.form.variables(
                typed(_request(each).system),
                draft.turns,
                _request(each).settings.thinking,
                reply_follows=isinstance(each, Request),
                tools=[marked_json(tool, typed) for tool in _request(each).tools],
            )
            for each, draft in zip(asked, drafts, strict=True)
        ]
        found: list[str | RenderingError] = []
        try:
            for start in range(0, len(variables), BATCH):
                part = variables[start : start + BATCH]
                found += self._renderer.render(part, limit)
        except RenderingError as error:
            raise self._failed(error) from error
        return found

    def _failed(self, error: RenderingError) -> ModelError:
        return TemplateError(
            f"The chat template of {self._probed.name} cannot write this conversation: "
            f"{error}."
        )

    def _draft(
        self, asked: Request | Answered, marks: Marks, as_text: frozenset[int]
    ) -> Draft:
        request = _request(asked)
        typed = partial(self._typed, marks=marks)
        turns: list[Turn] = []
        ids: dict[int, Sequence[int]] = {}
        between: dict[int, str] = {}
        for number, exchange in enumerate(request.exchanges):
            reply, thought = exchange.reply, exchange.thought
            texts = [typed(reply), typed(thought)]
            *parts, gap = self._generated(exchange)
            for place, part in enumerate(parts):
                key = 3 * number + place
                if part and key not in as_text:
                    ids[key] = part
                    texts[place] = marks.stand_in(key)
            if gap and self._bytes and {3 * number, 3 * number + 1} <= ids.keys():
                ids[3 * number + 2] = gap
                data = b"".join(map(self._bytes.token_bytes, gap))
                between[3 * number + 2] = data.decode("utf-8", errors="replace")
            question = typed(exchange.content)
            uses = marked_uses(exchange.tool_uses, typed)
            turns.append(Turn(question, texts[0], texts[1], uses))
        question, uses = typed(request.content), marked_uses(request.tool_uses, typed)
        last = Turn(question, tool_uses=uses)
        if isinstance(asked, Answered):
            last = Turn(question, typed(asked.reply), typed(asked.thought), uses)
        turns.append(last)
        return Draft(tuple(turns), ids, between)

    def _split(self, exchange: Exchange) -> tuple[tuple[int, ...], ...]:
        """The ids of an exchange's reply, of its thought, and of what is between.

        Empty where they are unknown.
        """
        ids = exchange.token_ids
        while ids and ids[-1] in self._probed.stop_ids:
            ids = ids[:-1]
        if not (self._probed.thinking and self._bytes):
            return ids, (), ()
        parts = split_ids(ids, self._bytes, self._probed.thinking)
        if exchange.thought and not exchange.reply:
            # It was cut before it had thought enough.
            thought = parts.thought if parts.answer.start else slice(0, len(ids))
            parts = Parts(thought, slice(0, 0))
        thought, answer = parts.thought, parts.answer
        if not parts.whole:
            return (), ids[thought], ()
        return ids[answer], ids[thought], ids[thought.stop : answer.start]

    def _typed(self, text: str, marks: Marks) -> str:
        return marks.mark(without_surrogates(text), self._probed.control)

    def _layout(
        self, request: Request, draft: Draft, marks: Marks, text: str
    ) -> Layout:
        encoded = self._encoder.encode(text, marks, draft.ids)
        starts: list[int] = []
        cursor = 0
        for number, turn in enumerate(draft.turns):
            for place, said in enumerate((turn.question, turn.reply)):
                if said is None:
                    break
                at = text.find(said.strip(), cursor) if said.strip() else -1
                if place and 3 * number in encoded.spliced:
                    starts.append(encoded.spliced[3 * number][0])
                else:
                    starts.append(encoded.token_at(max(at, cursor)))
                cursor = max(at + len(said.strip()), cursor)
        boundaries = [end for n, (_, end) in encoded.spliced.items() if n % 3 == 0]
        return Layout(
            encoded.ids,
            (*starts, len(encoded.ids)),
            boundaries,
            thinks=request.settings.thinking in self._probed.thinks,
        )


def _request(asked: Request | Answered) -> Request:
    return asked.request if isinstance(asked, Answered) else asked


def _texts(asked: Request | Answered) -> list[str]:
    request = _request(asked)
    said = [[e.content, e.reply, e.thought] for e in request.exchanges]
    if isinstance(asked, Answered):
        said.append([asked.reply, asked.thought])
    uses = [*(each.tool_uses for each in request.exchanges), request.tool_uses]
    said += map(texts_of, uses)
    texts = [request.system, request.content, *request.tools]
    return [*texts, *(text for each in said for text in each)]


def _is_right(text: str | RenderingError, marks: Marks, number: int) -> bool:
    """Whether a reply is there once; a thought may be left out."""
    if isinstance(text, RenderingError) or number % 3 == 2:
        return True
    count = marks.count(text, number)
    return count == 1 or (number % 3 == 1 and count == 0)
