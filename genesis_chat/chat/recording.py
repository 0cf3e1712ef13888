"""Writing a reply into the history while it comes."""

from dataclasses import asdict, replace
from typing import Any

from ..engine import Event, Finished, ModelFacts, Reply, Text, Thought
from ..errors import HistoryError
from ..history import Receipt, Status
from ..settings import SAMPLING, GenerationSettings, SamplingDefaults, fits
from .records import ReplyRecord

STATUS: dict[str, Status] = {"cancelled": "interrupted", "error": "failed"}


class Recording:
    """Writes one reply; a history that fails must not cost the reply itself."""

    def __init__(self, writer: ReplyRecord, facts: ModelFacts) -> None:
        self._writer, self._facts = writer, facts
        self._open = True
        self.failure: HistoryError | None = None

    def take(self, event: Event) -> None:
        """Keep what an event brings; `failure` tells when that has failed."""
        try:
            if self.failure is None and isinstance(event, Text):
                self._writer.append(event.text, event.token_ids)
            elif self.failure is None and isinstance(event, Thought):
                self._writer.think(event.text, event.token_ids)
            elif self.failure is None and isinstance(event, Finished):
                self._open = False
                reply = event.reply
                status = STATUS.get(reply.finish_reason, "complete")
                receipt = _receipt(self._facts, reply)
                self._writer.finish(status, receipt, reply.token_ids)
        except HistoryError as error:
            self.failure = error

    def keep_up(self) -> None:
        """Keep what has come, also while nothing comes; see `failure`."""
        if self._open and self.failure is None:
            try:
                self._writer.keep_up()
            except HistoryError as error:
                self.failure = error

    def close(self) -> None:
        """Keep what has come when no end came."""
        if self._open and self.failure is None:
            try:
                self._writer.finish("interrupted")
            except HistoryError as error:
                self.failure = error


def receipt_before(facts: ModelFacts, settings: GenerationSettings) -> Receipt:
    """The receipt of a reply that begins: all that does not depend on its end."""
    values = asdict(settings.resolved(facts.sampling))
    return Receipt(
        model=facts.name,
        model_sha256=facts.sha256,
        seed=values.pop("seed"),
        settings=values,
        prompt_tokens=0,
        prefilled_tokens=0,
        reply_tokens=0,
        seconds_to_first_token=None,
        tokens_per_second=None,
        finish_reason="cancelled",
        backend=facts.backend,
        dtype=facts.dtype,
        delta_rule="delta_rule" in facts.switches,
    )


def sampling_of(receipt: Receipt, facts: ModelFacts) -> SamplingDefaults:
    """How a reply was drawn; as the model does by itself where it was not noted."""
    noted: dict[str, Any] = {
        name: value
        for name in SAMPLING
        if fits(name, value := receipt.settings.get(name))
    }
    return replace(facts.sampling, **noted)


def _receipt(facts: ModelFacts, reply: Reply) -> Receipt:
    return replace(
        receipt_before(facts, reply.settings),
        prompt_tokens=reply.prompt_tokens,
        prefilled_tokens=reply.prefilled_tokens,
        reply_tokens=reply.reply_tokens,
        seconds_to_first_token=reply.seconds_to_first_token,
        tokens_per_second=reply.tokens_per_second,
        finish_reason=reply.finish_reason,
        thought_tokens=reply.thought_tokens,
        thought_seconds=reply.thought_seconds,
    )
