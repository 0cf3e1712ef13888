"""Several replies at a time, their tokens decoded in one step."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from ..errors import GenesisChatError
from .events import Event
from .loader import FollowsTogether, LanguageModel, Step, Stepper
from .protocol import Request

if TYPE_CHECKING:
    from .loader import Readings

K = TypeVar("K")
Told = tuple[K, Event | GenesisChatError]
Steps = Callable[[Callable[[Stepper], Stepper]], Generator[Event | None]]


@dataclass(frozen=True)
class Asked(Generic[K]):
    """A request, the key that its events come with, and whether nobody waits any more.

    `cancelled` is asked all the time, in the thread that replies.
    """

    key: K
    request: Request
    cancelled: Callable[[], bool]


def together(
    model: LanguageModel, arriving: Callable[[], tuple[K, Steps] | None], width: int
) -> Generator[Told[K]]:
    """The events of replies, each with its key; up to `width` go on at a time.

    Each is given what wraps its steps, and yields None when it is about to read the
    token it has drawn. Wherever there is room `arriving` is asked for one more, before
    every step, until it has none and no reply goes on.
    """
    going: list[_Going[K]] = []
    try:
        while True:
            while len(going) < width and (new := arriving()) is not None:
                going.append(_Going(*new))
            if not going:
                return
            for each in tuple(going):
                yield from each.go_on()
                if each.over:
                    going.remove(each)
            if len(going) > 1 and isinstance(model, FollowsTogether):
                found = _followed(model, going)
                for each, step in zip(going, found, strict=True):
                    each.step = step
    finally:
        for each in going:
            each.close()


def _followed(model: FollowsTogether, going: "Sequence[_Going[K]]") -> Sequence[Step]:
    """One more step of each reply."""
    try:
        return model.follow_together([each.stepper for each in going])
    except BaseException as error:
        # Nobody knows what their states have read.
        for each in going:
            each.spoil(error)
        raise


class _Going(Generic[K]):
    """A reply that goes on, and its steps, of which the next may have been taken.

    It stands before the steps as a `Stepper`.
    """

    runs_ahead = False

    def __init__(self, key: K, steps: Steps) -> None:
        self._key, self._events = key, steps(self._wrap)
        self.stepper: Stepper
        self.step: Step | None = None
        self.over = False

    def go_on(self) -> Iterator[Told[K]]:
        """Its events up to the next token that it is about to read."""
        try:
            for event in self._events:
                if event is None:
                    return
                yield self._key, event
        except GenesisChatError as error:
            yield self._key, error
        self.over = True

    def close(self) -> None:
        """End it."""
        self._events.close()

    def spoil(self, error: BaseException) -> None:
        """End it so that its state is not kept."""
        with suppress(type(error)):
            self._events.throw(error)

    def read(self, ids: Sequence[int]) -> "Readings | None":
        """See `Stepper.read`."""
        return self.stepper.read(ids)

    def draw(self) -> Step:
        """See `Stepper.draw`."""
        return self.stepper.draw()

    def follow(self) -> Step:
        """See `Stepper.follow`."""
        step, self.step = self.step, None
        return self.stepper.follow() if step is None else step

    def _wrap(self, stepper: Stepper) -> Stepper:
        self.stepper = stepper
        return self
