"""Several replies at a time, their tokens decoded in one step."""

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ..errors import GenesisChatError
from .events import Event
from .loader import FollowsTogether, LanguageModel, Step, Stepper

if TYPE_CHECKING:
    from .loader import Readings

Told = tuple[int, Event | GenesisChatError]
Steps = Callable[[Callable[[Stepper], Stepper]], Generator[Event | None]]


def together(
    model: LanguageModel, replies: Sequence[Steps], width: int
) -> Generator[Told]:
    """The events of replies, each with its index; up to `width` go on at a time.

    Each is given what wraps its steps, and yields None when it is about to read the
    token it has drawn. One that ends makes room for the next at once.
    """
    waiting = deque(enumerate(replies))
    going: list[_Going] = []
    try:
        while waiting or going:
            while waiting and len(going) < width:
                index, steps = waiting.popleft()
                going.append(_Going(index, steps))
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


def _followed(model: FollowsTogether, going: "Sequence[_Going]") -> Sequence[Step]:
    """One more step of each reply."""
    try:
        return model.follow_together([each.stepper for each in going])
    except BaseException as error:
        # Nobody knows what their states have read.
        for each in going:
            each.spoil(error)
        raise


class _Going:
    """A reply that goes on, and its steps, of which the next may have been taken.

    It stands before the steps as a `Stepper`.
    """

    runs_ahead = False

    def __init__(self, index: int, steps: Steps) -> None:
        self._index, self._events = index, steps(self._wrap)
        self.stepper: Stepper
        self.step: Step | None = None
        self.over = False

    def go_on(self) -> Iterator[Told]:
        """Its events up to the next token that it is about to read."""
        try:
            for event in self._events:
                if event is None:
                    return
                yield self._index, event
        except GenesisChatError as error:
            yield self._index, error
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
