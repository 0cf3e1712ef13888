"""Answering the lines of a batch."""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from ..completions import Answer, ApiError, Choice
from ..engine import Engine, Event, Finished, Reply, reply_to_several
from ..errors import GenesisChatError
from .lines import Line
from .output import KEY


class Answers(Protocol):
    """Where answers go, line by line; `done` lines have theirs already."""

    done: int

    def write(self, answer: Mapping[str, Any]) -> None:
        """Add the next line's answer."""


@dataclass
class Progress:
    """How far a batch is; speeds count what this run has done."""

    total: int
    done: int
    failed: int = 0
    tokens: int = 0
    answered: int = 0
    start: float = 0.0

    @property
    def tokens_per_second(self) -> float:
        """Of generated tokens, prompts and all."""
        passed = time.monotonic() - self.start
        return self.tokens / passed if passed > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At the pace so far; None before there is one."""
        if not self.answered:
            return None
        passed = time.monotonic() - self.start
        return passed / self.answered * (self.total - self.done)


def run(
    engine: Engine,
    lines: Sequence[Line],
    output: Answers,
    width: int,
    cancelled: Callable[[], bool],
    told: Callable[[Progress], None],
) -> Progress:
    """Answer the lines that have no answer yet, up to `width` replies at a time.

    Answers are written in the order of the lines, and `told` is called after each.
    Ends early when it is `cancelled`; what was not written then is answered anew the
    next time.
    """
    progress = Progress(len(lines), output.done, start=time.monotonic())
    left = deque(_Answering(line, engine) for line in lines[output.done :])

    def write() -> None:
        while left and left[0].over:
            done = left.popleft()
            output.write(done.answer())
            progress.done += 1
            progress.answered += 1
            progress.failed += done.error is not None
            progress.tokens += sum(reply.reply_tokens for reply in done.replies)
            told(progress)

    asked = [(each, n) for each in left for n in range(len(each.requests))]
    requests = [each.requests[number] for each, number in asked]
    write()
    with closing(reply_to_several(engine, requests, width, cancelled)) as events:
        for index, event in events:
            if cancelled():
                break
            answering, number = asked[index]
            answering.take(number, event)
            write()
    return progress


class _Answering:
    """A line whose answer is in the making."""

    def __init__(self, line: Line, engine: Engine) -> None:
        self._line, model = line, engine.model
        self.error, self.replies = line.error, list[Reply]()
        completion = line.completion
        if completion and completion.model not in (None, model.name):
            message = f"model: these lines are answered by {model.name}; leave it out."
            self.error = ApiError(404, message, param="model", code="model_not_found")
        self.requests = completion.requests if completion and not self.error else ()
        self._answer = Answer(completion, model) if completion else None
        self._left = len(self.requests)

    @property
    def over(self) -> bool:
        """Whether all replies have come, or what keeps them from it."""
        return not self._left

    def take(self, number: int, event: Event | GenesisChatError) -> None:
        """Take an event of one of its replies, or what ended that."""
        assert self._answer is not None
        if isinstance(event, GenesisChatError):
            self.error = ApiError.of(event)
            self._left -= 1
            return
        self._answer.choices[number].take(event)
        # An error follows a reply that it has ended.
        if isinstance(event, Finished) and event.reply.finish_reason != "error":
            self.replies.append(event.reply)
            self._left -= 1

    def answer(self) -> dict[str, Any]:
        """The answer to the line."""
        if self.error is not None:
            return _refused(self._line, self.error)
        assert self._answer is not None
        if self._line.openai:
            return _openai(self._line, 200, self._answer.whole())
        return _own(self._line, self.replies[0], self._answer.choices[0])


def _own(line: Line, reply: Reply, choice: Choice) -> dict[str, Any]:
    settings = asdict(reply.settings)
    calls = [{"name": each.name, "arguments": each.arguments} for each in choice.calls]
    return {
        "id": line.id,
        KEY: line.key,
        "text": choice.text,
        **({"tool_calls": calls} if calls else {}),
        **({"thought": reply.thought} if reply.thought else {}),
        "finish_reason": "tool_calls" if calls else reply.finish_reason,
        "prompt_tokens": reply.prompt_tokens,
        "prefilled_tokens": reply.prefilled_tokens,
        "reply_tokens": reply.reply_tokens,
        "seconds_to_first_token": reply.seconds_to_first_token,
        "tokens_per_second": reply.tokens_per_second,
        "model": reply.model,
        "seed": settings.pop("seed"),
        "settings": settings,
    }


def _refused(line: Line, error: ApiError) -> dict[str, Any]:
    if line.openai:
        return _openai(line, error.status, error.body)
    return {"id": line.id, KEY: line.key, **error.body}


def _openai(line: Line, status: int, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"batch_req_{line.key}",
        "custom_id": line.id,
        "response": {
            "status_code": status,
            "request_id": f"req_{line.key}",
            "body": body,
        },
        "error": None,
        KEY: line.key,
    }
