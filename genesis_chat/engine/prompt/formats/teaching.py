"""What a model with a chat template has to generate for replies that are given."""

from collections.abc import Sequence

from ....errors import ModelError
from ..rendering import RenderingError
from .base import Answered, Lesson
from .drafting import Drafter, Written

# Behind a reply there is no more than what ends it, and a line break.
_LAST = 4


class Teacher(Drafter):
    """A `Drafter` that knows what replies have to be generated as."""

    def teach(self, answered: Sequence[Answered]) -> list[Lesson | ModelError]:
        """See `ChatFormat.lessons`."""
        written = self.write([x for each in answered for x in (each.request, each)])
        return [
            self._lesson(each, 2 * place, written)
            for place, each in enumerate(answered)
        ]

    def _lesson(
        self, answered: Answered, place: int, written: Written
    ) -> Lesson | ModelError:
        draft, marks = written.drafts[place], written.marks
        asked, whole = written.texts[place : place + 2]
        if isinstance(asked, RenderingError):
            return self._failed(asked)
        if isinstance(whole, RenderingError):
            return self._failed(whole)
        prompt = self._encoder.encode(asked, marks, draft.ids).ids
        ids = self._encoder.encode(whole, marks, draft.ids).ids
        end = [id for id in ids[-_LAST:] if id in self._probed.stop_ids][-1:]
        end = end or list(self._probed.stop_ids[:1])
        if not whole.startswith(asked):
            text = self._after_prompt(answered, written)
            reply = self._encoder.encode(text, marks, {}, first=False).ids
        elif ids[: len(prompt)] == prompt:
            reply = ids[len(prompt) :]
        else:
            # A reply's first letters become one token with what stands before them
            # only where both are there at once.
            rest = whole[len(asked) :]
            reply = self._encoder.encode(rest, marks, draft.ids, first=False).ids
        stop_ids = self._probed.stop_ids
        size = next((n for n, id in enumerate(reply) if id in stop_ids), len(reply))
        return Lesson(prompt, [*reply[:size], *(reply[size : size + 1] or end)])

    def _after_prompt(self, answered: Answered, written: Written) -> str:
        """The reply where the template writes it otherwise than after its prompt."""
        reply = self._typed(answered.reply, written.marks)
        thinking = self._probed.thinking
        if (
            answered.request.settings.thinking not in self._probed.thinks
            or not thinking
        ):
            return reply
        thought = self._typed(answered.thought, written.marks)
        return f"{thought}\n{thinking.end}\n\n{reply}"
