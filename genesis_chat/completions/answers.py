"""OpenAI's answers to requests for completions."""

import hashlib
import secrets
import time
from collections.abc import Iterable
from typing import Any

from .. import __version__
from ..engine import CallReader, Event, ModelFacts
from .choices import Choice
from .parameters import Completion


class Answer:
    """An answer in the making, in pieces or whole.

    Args:
        completion: what was asked for.
        model: the model that answers.
    """

    def __init__(self, completion: Completion, model: ModelFacts) -> None:
        self._completion = completion
        kind = "chatcmpl" if completion.chat else "cmpl"
        self._head = {
            "id": f"{kind}-{secrets.token_hex(12)}",
            "created": int(time.time()),
            "model": model.name,
            "system_fingerprint": fingerprint(model),
        }

        def calls() -> CallReader | None:
            # A model that knows none refuses them.
            if not completion.tools or model.calls is None:
                return None
            return CallReader(model.calls, completion.tools)

        echoes = completion.echoes or ("",) * len(completion.requests)
        self.choices = [
            Choice(number, completion.chat, completion.likelihoods, echo, calls())
            for number, echo in enumerate(echoes)
        ]
        self._begun: set[int] = set()

    def pieces(self, index: int, event: Event) -> Iterable[dict[str, Any]]:
        """The chunks that an event of a choice's reply brings."""
        choice = self.choices[index]
        first = [] if index in self._begun else choice.begin()
        self._begun.add(index)
        for piece in (*first, *choice.take(event)):
            yield self._chunk([piece])

    def last_piece(self) -> dict[str, Any] | None:
        """The chunk with the usage, if it was asked for."""
        if not self._completion.include_usage:
            return None
        return {**self._chunk([]), "usage": self.usage()}

    def whole(self) -> dict[str, Any]:
        """The answer in one piece."""
        return {
            **self._head,
            "object": "chat.completion" if self._completion.chat else "text_completion",
            "choices": [choice.whole() for choice in self.choices],
            "usage": self.usage(),
        }

    def usage(self) -> dict[str, Any]:
        """Tokens read and written; a prompt with several choices counts once."""
        replies = [choice.reply for choice in self.choices if choice.reply]
        prompts = replies[:: self._completion.count]
        read = sum(reply.prompt_tokens for reply in prompts)
        written = sum(reply.reply_tokens for reply in replies)
        cached = sum(reply.prompt_tokens - reply.prefilled_tokens for reply in prompts)
        details: dict[str, Any] = {"cached_tokens": cached}
        if left_out := sum(reply.left_out for reply in prompts):
            # Two to an exchange.
            details["dropped_messages"] = 2 * left_out
        return {
            "prompt_tokens": read,
            "completion_tokens": written,
            "total_tokens": read + written,
            "prompt_tokens_details": details,
            "completion_tokens_details": {
                "reasoning_tokens": sum(reply.thought_tokens for reply in replies)
            },
        }

    def _chunk(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        kind = "chat.completion.chunk" if self._completion.chat else "text_completion"
        chunk = {**self._head, "object": kind, "choices": choices}
        if self._completion.include_usage:
            chunk["usage"] = None
        return chunk


def fingerprint(model: ModelFacts) -> str:
    """What replies depend on besides the request, as one short name."""
    known = (
        __version__,
        model.name,
        model.sha256,
        model.backend,
        model.device,
        model.dtype,
        *sorted(model.switches),
    )
    return f"fp_{hashlib.sha256(repr(known).encode()).hexdigest()[:12]}"
