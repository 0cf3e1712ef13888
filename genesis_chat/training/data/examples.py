"""Samples as token ids, exactly as a chat would have them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from backends.mlx_training import Example

from ...engine.prompt.formats import ChatFormat
from ...engine.prompt.prefix import shared_length
from ...engine.protocol import Exchange, Request
from ...settings import GenerationSettings
from .sample import Sample

# A message that is asked last, only to close the reply before it.
NEXT = "."


@dataclass(frozen=True)
class Encoded:
    """Examples, the samples they were made of, and what was cut.

    `cut` counts conversations whose first turns or whose last words were left out
    since they are longer than the limit, with `cut_tokens` in all; `left_out` are the
    places of samples of which nothing was left to learn.
    """

    examples: Sequence[Example]
    samples: Sequence[Sample]
    cut: int
    cut_tokens: int
    left_out: Sequence[str]

    @property
    def tokens(self) -> int:
        """Of all examples together."""
        return sum(len(each) for each in self.examples)

    @property
    def longest(self) -> int:
        """Tokens of the longest one."""
        return max((len(each) for each in self.examples), default=0)


def encode_samples(
    samples: Sequence[Sample],
    chat: ChatFormat,
    encode: Callable[[str], Sequence[int]],
    max_length: int,
    system: str = "",
) -> Encoded:
    """Samples as examples of at most `max_length` tokens.

    Of a conversation the assistant's words are targets, and the token that ends each
    reply; of a text all tokens but the first. Where a conversation is too long its
    first turns go, but never its system prompt; then the end of its last reply.
    `encode` is for texts; `system` is the prompt of conversations that have none of
    their own.
    """
    examples, used, left_out = [], [], []
    cut = cut_tokens = 0
    for sample in samples:
        if sample.text is not None:
            ids, targets = _text(encode(sample.text))
            dropped = 0
        else:
            ids, targets, dropped = _conversation(sample, chat, max_length, system)
        dropped += max(0, len(ids) - max_length)
        ids, targets = ids[:max_length], targets[:max_length]
        if len(ids) < 2 or not targets.any():
            left_out.append(sample.place)
            continue
        cut += dropped > 0
        cut_tokens += dropped
        examples.append(Example(ids, targets))
        used.append(sample)
    return Encoded(examples, used, cut, cut_tokens, left_out)


def request_of(sample: Sample, first: int = 0, system: str = "") -> Request:
    """A conversation from one of its exchanges on, with a message behind it.

    `system` is its prompt if it has none of its own.
    """
    if sample.messages[0].role == "system":
        system = sample.messages[0].content
    turns = [m.content for m in sample.messages if m.role != "system"]
    pairs = zip(turns[2 * first :: 2], turns[2 * first + 1 :: 2], strict=True)
    exchanges = tuple(Exchange(said, reply) for said, reply in pairs)
    return Request(NEXT, GenerationSettings(), system, exchanges)


def _text(ids: Sequence[int]) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    targets = np.ones(len(ids), np.bool_)
    targets[:1] = False
    return np.array(ids, np.int32), targets


def _conversation(
    sample: Sample, chat: ChatFormat, max_length: int, system: str
) -> tuple[NDArray[np.int32], NDArray[np.bool_], int]:
    """Ids, targets, and tokens of the turns that were dropped."""
    learnt = [
        flag
        for message, flag in zip(sample.messages, sample.learnt, strict=True)
        if message.role == "assistant"
    ]
    first, whole = 0, None
    while True:
        layout = chat.layout(request_of(sample, first, system))
        # A question and a reply for each exchange, then the one that closes them.
        replies = list(zip(layout.starts[1:-2:2], layout.starts[2:-1:2], strict=True))
        end = layout.starts[-2]
        whole = end if whole is None else whole
        if end <= max_length or len(replies) == 1:
            break
        first += 1
    targets = np.zeros(end, np.bool_)
    last = 0
    for number, (begin, stop) in enumerate(replies):
        if not learnt[first + number]:
            continue
        start = max(begin, _start(sample, chat, first, number, layout.ids, system))
        closed = next(
            (n for n in range(start, stop) if layout.ids[n] in chat.stop_ids), stop - 1
        )
        targets[start : closed + 1] = True
        last = closed + 1
    targets[:1] = False
    ids = np.array(layout.ids[:last], np.int32)
    return ids, targets[:last], whole - end


def _start(
    sample: Sample,
    chat: ChatFormat,
    first: int,
    number: int,
    ids: Sequence[int],
    system: str,
) -> int:
    """Where a reply's first word stands: behind all that the model is given.

    A template may open a reply that is to come otherwise than one that was given, as
    with an empty thought; then it is where both part.
    """
    whole = request_of(sample, first, system)
    asked = replace(
        whole,
        exchanges=whole.exchanges[:number],
        content=whole.exchanges[number].content,
    )
    return shared_length(chat.layout(asked).ids, ids)
