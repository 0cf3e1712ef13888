"""One reply in the making."""

import time
from collections.abc import Iterator

from ..settings import GenerationSettings
from .detokenizer import Detokenizer
from .events import FinishReason, Reply, Text
from .loader import LoadedModel, Token


class Run:
    """Collects the tokens of a reply and turns them into text and statistics.

    Args:
        model: what generates it.
        settings: how; with a seed.
        begun: tokens it already has.
        prompt_tokens: tokens before the reply.
        prefilled_tokens: tokens that have to be read now.
        start: when it was asked for, by `time.perf_counter`.
    """

    def __init__(
        self,
        model: LoadedModel,
        settings: GenerationSettings,
        begun: tuple[int, ...],
        prompt_tokens: int,
        prefilled_tokens: int,
        start: float,
    ) -> None:
        self._model, self._settings, self._start = model, settings, start
        self._prompt_tokens, self._prefilled = prompt_tokens, prefilled_tokens
        self._detokenizer = Detokenizer(model.tokenizer)
        self._text = [self._detokenizer.push(token) for token in begun]
        self._pending: list[Token] = []
        self._log_probabilities: list[float] = []
        self._first: float | None = None
        self._last = start
        self.begun = begun
        self.tokens = list(begun)
        self.finish_reason: FinishReason = "cancelled"

    def push(self, token: Token) -> Iterator[Text]:
        """Take a token; yields the text that is certain with it, if any."""
        self._last = time.perf_counter()
        self._first = self._first or self._last
        self.tokens.append(token.id)
        self._pending.append(token)
        self._log_probabilities.append(token.log_probability)
        self.finish_reason = token.finish_reason or self.finish_reason
        yield from self._emit(self._detokenizer.push(token.id))

    def flush(self) -> Iterator[Text]:
        """The text that is left. A reply that may go on keeps it for later."""
        if self.finish_reason == "stop":
            yield from self._emit(self._detokenizer.flush())

    def reply(self) -> Reply:
        """What has come of it so far."""
        new, speed = len(self._log_probabilities), None
        if self._first and self._last > self._first:
            speed = (new - 1) / (self._last - self._first)
        return Reply(
            text="".join(self._text),
            token_ids=tuple(self.tokens),
            log_probabilities=tuple(self._log_probabilities),
            finish_reason=self.finish_reason,
            prompt_tokens=self._prompt_tokens,
            prefilled_tokens=self._prefilled,
            seconds_to_first_token=self._first and self._first - self._start,
            tokens_per_second=speed,
            model=self._model.name,
            settings=self._settings,
        )

    def _emit(self, text: str) -> Iterator[Text]:
        if text:
            self._text.append(text)
            ids = tuple(token.id for token in self._pending)
            likely = tuple(token.log_probability for token in self._pending)
            yield Text(text, ids, likely)
            self._pending.clear()
