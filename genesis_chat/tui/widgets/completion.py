"""The list of what the composer's text may become, above it."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.widgets.option_list import Option

from .choices import Choices
from .shown import line

# So wide is the column of names at most; longer ones are cut.
NAMES = 24


@dataclass(frozen=True)
class Offer:
    """A text for the composer, how it is listed, and a word on it.

    `whole` says that nothing need follow it.
    """

    text: str
    name: str
    help: str
    whole: bool


class Completion(Choices):
    """Offers to choose from; hidden when there are none."""

    can_focus = False

    def __init__(self) -> None:
        # The composer's keys go through it.
        super().__init__(classes="-driven", markup=False, compact=True)
        self._offers: Sequence[Offer] = ()

    def on_mount(self) -> None:
        self.display = False

    def offer(self, offers: Sequence[Offer], *, choose: bool) -> None:
        """Show offers; the first one is chosen if one is to `choose`."""
        self._offers = offers
        self.clear_options()
        self.add_options([Option(_shown(offer)) for offer in offers])
        self.display = bool(offers)
        self.highlighted = 0 if offers and choose else None

    @property
    def chosen(self) -> Offer | None:
        """The highlighted offer."""
        if not self.display or self.highlighted is None:
            return None
        return self._offers[self.highlighted]


def _shown(offer: Offer) -> Content:
    name = line(offer.name)
    space = " " * max(2, NAMES + 1 - name.cell_length)
    return Content.assemble(name, (f"{space}{line(offer.help).plain}", "$text-muted"))
