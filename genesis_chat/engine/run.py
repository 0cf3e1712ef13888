"""One reply in the making."""

import time
from collections.abc import Iterable, Iterator

from ..settings import GenerationSettings
from .controls import NO_CONTROLS, Controls, Likelihood
from .detokenizer import Detokenizer, Kind
from .events import FinishReason, Reply, Text, Thought
from .loader import LoadedModel, Token
from .plan import Plan


class Run:
    """Collects the tokens of a reply and turns them into text and statistics.

    Args:
        model: what generates it.
        settings: how; with a seed.
        begun: tokens it already has.
        plan: its prompt.
        prefilled_tokens: tokens that have to be read now.
        start: when it was asked for, by `time.perf_counter`.
        controls: what else was asked for.
        calls: whether it may call tools.
    """

    def __init__(
        self,
        model: LoadedModel,
        settings: GenerationSettings,
        begun: tuple[int, ...],
        plan: Plan,
        prefilled_tokens: int,
        start: float,
        controls: Controls = NO_CONTROLS,
        calls: bool = False,
    ) -> None:
        self._model, self._settings, self._start = model, settings, start
        self._controls, self._left_out = controls, plan.left_out
        self._prompt_tokens = len(plan.prompt) - len(begun)
        self._prefilled = prefilled_tokens
        self._detokenizer = Detokenizer(
            model.tokenizer,
            model.format,
            plan.thinks,
            controls.stop,
            controls.raw,
            calls,
        )
        self._said: dict[Kind, list[str]] = {"thought": [], "text": []}
        self._thought_tokens, self._thought_end = 0, start
        for count, token in enumerate(begun, 1):
            for kind, text in self._detokenizer.push(token):
                self._said[kind].append(text)
            if self._detokenizer.in_thought:
                self._thought_tokens = count
        self._pending: list[Token] = []
        self._log_probabilities: list[float] = []
        self._first: float | None = None
        self._last = start
        self.begun = begun
        self.tokens = list(begun)
        self.finish_reason: FinishReason = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether the reply has said what ends it."""
        return self._detokenizer.ended

    def push(self, token: Token) -> Iterator[Text | Thought]:
        """Take a token; yields the text that is certain with it, if any."""
        self._last = time.perf_counter()
        self._first = self._first or self._last
        self.tokens.append(token.id)
        self._pending.append(token)
        self._log_probabilities.append(token.log_probability)
        self.finish_reason = token.finish_reason or self.finish_reason
        yield from self._emit(self._detokenizer.push(token.id))
        if self._detokenizer.in_thought:
            self._thought_tokens, self._thought_end = len(self.tokens), self._last
        if self.ended:
            self.finish_reason = "stop"

    def flush(self) -> Iterator[Text | Thought]:
        """The text that is left. A reply that may go on keeps it for later."""
        if self.finish_reason == "stop":
            yield from self._emit(self._detokenizer.flush())
        elif self._controls.stop and self.finish_reason in ("length", "context"):
            # It has not become one of the texts that end the reply.
            yield from self._emit(self._detokenizer.release())

    def reply(self) -> Reply:
        """What has come of it so far."""
        new, speed = len(self._log_probabilities), None
        if self._first and self._last > self._first:
            speed = (new - 1) / (self._last - self._first)
        thought = "".join(self._said["thought"])
        return Reply(
            text="".join(self._said["text"]),
            token_ids=tuple(self.tokens),
            log_probabilities=tuple(self._log_probabilities),
            finish_reason=self.finish_reason,
            prompt_tokens=self._prompt_tokens,
            prefilled_tokens=self._prefilled,
            seconds_to_first_token=self._first and self._first - self._start,
            tokens_per_second=speed,
            model=self._model.name,
            settings=self._settings,
            thought=thought,
            thought_tokens=self._thought_tokens if thought else 0,
            thought_seconds=self._thought_end - self._start if thought else None,
            left_out=self._left_out,
        )

    def _emit(self, pieces: Iterable[tuple[Kind, str]]) -> Iterator[Text | Thought]:
        for kind, text in pieces:
            self._said[kind].append(text)
            ids = tuple(token.id for token in self._pending)
            likely = tuple(token.log_probability for token in self._pending)
            event = Thought if kind == "thought" else Text
            yield event(text, ids, likely, tuple(self._likelihoods()))
            self._pending.clear()

    def _likelihoods(self) -> Iterator[Likelihood]:
        """Those of the tokens that are pending, if they are wanted."""
        if self._controls.alternatives is None:
            return
        form = self._model.format
        for token in self._pending:
            if token.id not in form.stop_ids:
                others = (
                    Likelihood(form.token_bytes(id), likely)
                    for id, likely in token.alternatives
                )
                data = form.token_bytes(token.id)
                yield Likelihood(data, token.log_probability, tuple(others))
