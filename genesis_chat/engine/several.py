"""Replies to several requests."""

from collections.abc import Callable, Generator, Sequence

from ..errors import GenesisChatError
from .local import LocalEngine
from .protocol import Engine, Request
from .together import Told


def reply_to_several(
    engine: Engine,
    requests: Sequence[Request],
    width: int = 1,
    cancelled: Callable[[], bool] = lambda: False,
) -> Generator[Told]:
    """Yield the events of several replies, each with its request's index.

    Of up to `width` at a time tokens are decoded in one step where the model can,
    otherwise the replies come one by one. What `Engine.reply` would raise for one of
    them is yielded in its place, and the others go on.
    """
    if width > 1 and engine.model.features.together and isinstance(engine, LocalEngine):
        return engine.reply_together(requests, width, cancelled)
    return _one_by_one(engine, requests, cancelled)


def _one_by_one(
    engine: Engine, requests: Sequence[Request], cancelled: Callable[[], bool]
) -> Generator[Told]:
    for index, request in enumerate(requests):
        try:
            for event in engine.reply(request, cancelled):
                yield index, event
        except GenesisChatError as error:
            yield index, error
