"""Answering the lines of a batch."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

from ..completions import Answer, ApiError
from ..engine import Engine, Finished, Reply
from ..errors import GenesisChatError
from .lines import Line
from .output import KEY, Output


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
    output: Output,
    cancelled: Callable[[], bool],
    told: Callable[[Progress], None],
) -> Progress:
    """Answer the lines that have no answer yet, in their order.

    `told` is called after each. Ends early when it is `cancelled`; what was being
    answered then is answered anew the next time.
    """
    progress = Progress(len(lines), output.done, start=time.monotonic())
    for line in lines[output.done :]:
        answer, replies, failed = _answered(engine, line, cancelled)
        if cancelled():
            break
        output.write(answer)
        progress.done += 1
        progress.answered += 1
        progress.failed += failed
        progress.tokens += sum(reply.reply_tokens for reply in replies)
        told(progress)
    return progress


def _answered(
    engine: Engine, line: Line, cancelled: Callable[[], bool]
) -> tuple[dict[str, Any], list[Reply], bool]:
    """A line's answer, the replies in it, and whether it failed."""
    if line.completion is None:
        assert line.error is not None
        return _refused(line, line.error), [], True
    model = engine.model.name
    if line.completion.model not in (None, model):
        message = f"model: these lines are answered by {model}; leave it out."
        error = ApiError(404, message, param="model", code="model_not_found")
        return _refused(line, error), [], True
    answer = Answer(line.completion, engine.model)
    replies = []
    try:
        for index, request in enumerate(line.completion.requests):
            with closing(engine.reply(request, cancelled)) as events:
                for event in events:
                    answer.choices[index].take(event)
                    if isinstance(event, Finished):
                        replies.append(event.reply)
    except GenesisChatError as error:
        return _refused(line, ApiError.of(error)), replies, True
    if line.openai:
        return _openai(line, 200, answer.whole()), replies, False
    return _own(line, replies[0]), replies, False


def _own(line: Line, reply: Reply) -> dict[str, Any]:
    settings = asdict(reply.settings)
    return {
        "id": line.id,
        KEY: line.key,
        "text": reply.text,
        **({"thought": reply.thought} if reply.thought else {}),
        "finish_reason": reply.finish_reason,
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
