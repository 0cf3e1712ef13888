"""Turns as tests need them."""

from collections.abc import Iterable

from genesis_chat.engine import Event, Finished, Reply, Text
from genesis_chat.settings import GenerationSettings

GREEDY = GenerationSettings(temperature=0, repetition_penalty=1, max_tokens=30, seed=0)
# Every token is as likely as any other, the end token too: it goes on for long.
WILD = GenerationSettings(temperature=50, top_k=0, top_p=1, max_tokens=900, seed=1)


def finished(events: Iterable[Event]) -> Reply:
    """The reply that events end with; everything told adds up to it."""
    text, last = "", None
    for event in events:
        assert last is None
        if isinstance(event, Text):
            text += event.text
        last = event if isinstance(event, Finished) else None
    assert last is not None and last.reply.text.endswith(text)
    return last.reply
