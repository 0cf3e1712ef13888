"""Replies to several requests."""

from collections.abc import Callable, Generator, Sequence

from ..errors import GenesisChatError
from .local import LocalEngine
from .protocol import Engine, Request
from .together import Asked, K, Told


def reply_to_several(
    engine: Engine,
    requests: Sequence[Request],
    width: int = 1,
    cancelled: Callable[[], bool] = lambda: False,
) -> Generator[Told[int]]:
    """Yield the events of several replies, each with its request's index.

    See `reply_as_they_come`.
    """
    asked = (Asked(n, each, cancelled) for n, each in enumerate(requests))
    return reply_as_they_come(engine, lambda: next(asked, None), width)


def reply_as_they_come(
    engine: Engine, arriving: Callable[[], Asked[K] | None], width: int = 1
) -> Generator[Told[K]]:
    """Yield the events of replies to requests that may still be on their way.

    Of up to `width` at a time tokens are decoded in one step where the model can,
    otherwise the replies come one by one. Wherever there is room `arriving` is asked
    for one more, until it has none and no reply goes on. What `Engine.reply` would
    raise for one of them is yielded in its place, and the others go on.
    """
    if width > 1 and decodes_together(engine):
        assert isinstance(engine, LocalEngine)
        return engine.reply_together(arriving, width)
    return _one_by_one(engine, arriving)


def decodes_together(engine: Engine) -> bool:
    """Whether tokens of several replies can be decoded in one step."""
    return engine.model.features.together and isinstance(engine, LocalEngine)


def _one_by_one(
    engine: Engine, arriving: Callable[[], Asked[K] | None]
) -> Generator[Told[K]]:
    while (asked := arriving()) is not None:
        try:
            for event in engine.reply(asked.request, asked.cancelled):
                yield asked.key, event
        except GenesisChatError as error:
            yield asked.key, error
