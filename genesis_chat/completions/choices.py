"""One choice of an answer, from the events of its reply."""

import codecs
from collections.abc import Iterable
from typing import Any

from ..engine import (
    CallReader,
    Event,
    Finished,
    Likelihood,
    Reply,
    Text,
    Thought,
    ToolCall,
)

FINISH_REASONS = {"stop": "stop", "length": "length", "context": "length"}


class Choice:
    """Turns a reply's events into the pieces of a choice and into all of it.

    Args:
        index: its number in the answer.
        chat: whether it is a message; otherwise it is a text.
        likelihoods: whether the answer tells how likely its tokens are.
        echo: what a text begins with that was not generated.
        reader: finds calls of tools in it, where there are tools.
    """

    def __init__(
        self,
        index: int,
        chat: bool,
        likelihoods: bool,
        echo: str,
        reader: CallReader | None = None,
    ) -> None:
        self.index = index
        self.reply: Reply | None = None
        self._chat, self._wanted = chat, likelihoods
        self.calls: list[ToolCall] = []
        self._reader = reader
        self._text, self._thought = [echo], list[str]()
        # Likelihoods that a piece has told.
        self._told = 0
        self._likelihoods: list[Likelihood] = []
        self._offset = len(echo)
        self._characters = codecs.getincrementaldecoder("utf-8")("replace")
        self._offsets: list[int] = []

    @property
    def finish_reason(self) -> str | None:
        """Why it ended, in OpenAI's words; None before that."""
        if self.reply is None:
            return None
        found = FINISH_REASONS.get(self.reply.finish_reason, "length")
        return "tool_calls" if self.calls and found == "stop" else found

    @property
    def text(self) -> str:
        """What it says, without calls."""
        return "".join(self._text)

    def begin(self) -> list[dict[str, Any]]:
        """The first piece, before anything has come, where there is one."""
        if self._chat:
            return [self._piece({"role": "assistant", "content": ""})]
        return [self._piece(self._text[0])] if self._text[0] else []

    def take(self, event: Event) -> list[dict[str, Any]]:
        """The pieces of an event; none when it brings nothing to show yet."""
        if isinstance(event, Finished):
            whole = event.reply.finish_reason == "stop"
            left = self._reader.finish(whole=whole) if self._reader else ()
            pieces = [self._found(each) for each in left]
            # Only now, since a piece with a reason is the last one.
            self.reply = event.reply
            return [*pieces, self._piece({} if self._chat else "", self._untold())]
        if isinstance(event, Thought):
            self._thought.append(event.text)
            # Texts have none.
            return [self._piece({"reasoning_content": event.text})]
        if not isinstance(event, Text):
            return []
        for each in event.likelihoods:
            self._likelihoods.append(each)
            self._offsets.append(self._offset)
            self._offset += len(self._characters.decode(each.bytes))
        found = self._reader.push(event.text) if self._reader else (event.text,)
        return [self._found(each) for each in found]

    def whole(self) -> dict[str, Any]:
        """All of it."""
        text = self.text
        shown: Any = text
        if self._chat:
            shown = {"role": "assistant", "content": text, "refusal": None}
            if self.calls:
                shown["content"] = text or None
                shown["tool_calls"] = [_called(each) for each in self.calls]
            if self._thought:
                shown["reasoning_content"] = "".join(self._thought)
        places = range(len(self._likelihoods))
        key = "message" if self._chat else "text"
        return self._choice(key, shown, places)

    def _found(self, found: str | ToolCall) -> dict[str, Any]:
        """The piece of a text or a call."""
        if isinstance(found, ToolCall):
            self.calls.append(found)
            delta = {"index": len(self.calls) - 1, **_called(found)}
            return self._piece({"tool_calls": [delta]}, self._untold())
        self._text.append(found)
        shown = {"content": found} if self._chat else found
        return self._piece(shown, self._untold())

    def _untold(self) -> range:
        """The likelihoods that no piece has told yet."""
        start, self._told = self._told, len(self._likelihoods)
        return range(start, self._told)

    def _piece(self, shown: Any, places: Iterable[int] = ()) -> dict[str, Any]:
        return self._choice("delta" if self._chat else "text", shown, places)

    def _choice(self, key: str, shown: Any, places: Iterable[int]) -> dict[str, Any]:
        places = list(places)
        told: dict[str, Any] | None = None
        if self._wanted and (places or key == "message"):
            told = self._of_message(places) if self._chat else self._of_text(places)
        return {
            "index": self.index,
            key: shown,
            "logprobs": told,
            "finish_reason": self.finish_reason,
        }

    def _of_message(self, places: Iterable[int]) -> dict[str, Any]:
        told = []
        for each in (self._likelihoods[place] for place in places):
            others = [_token(other) for other in each.alternatives]
            told.append({**_token(each), "top_logprobs": others})
        return {"content": told, "refusal": None}

    def _of_text(self, places: list[int]) -> dict[str, Any]:
        told = [self._likelihoods[place] for place in places]
        return {
            "tokens": [_shown(each.bytes) for each in told],
            "token_logprobs": [each.log_probability for each in told],
            "top_logprobs": [
                {
                    _shown(o.bytes): o.log_probability
                    for o in reversed(each.alternatives)
                }
                for each in told
            ],
            "text_offset": [self._offsets[place] for place in places],
        }


def _called(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _token(each: Likelihood) -> dict[str, Any]:
    return {
        "token": _shown(each.bytes),
        "logprob": each.log_probability,
        "bytes": list(each.bytes),
    }


def _shown(data: bytes) -> str:
    return data.decode("utf-8", "replace")
