"""Something that is scrolled and follows its end."""

from textual.containers import VerticalScroll
from textual.geometry import Size
from textual.layout import DockArrangeResult
from textual.widget import Widget


class Following(VerticalScroll):
    """Follows its end once it is anchored, until the reader scrolls away from it.

    As long as there is room for everything it stands at the top, where Textual would
    keep the end at the bottom.
    """

    def __init__(self) -> None:
        # Whether there is room for everything, and whether the reader left the end.
        self._short = self._left_end = False
        super().__init__()

    @property
    def follows(self) -> bool:
        """Whether it stays at its end, whatever comes."""
        return self._anchored and not self._left_end

    @property
    def above_end(self) -> bool:
        """Whether it is scrolled to some place above its end."""
        return not self.follows and 0 < self.max_scroll_y > self.scroll_y + 1

    def arrange(self, size: Size, optimal: bool = False) -> DockArrangeResult:
        """Lay out what is in it; where it is scrolled to is looked at after that."""
        arranged = super().arrange(size, optimal)
        self._short = arranged.total_region.bottom <= size.height
        if self._short and self.scroll_y:
            self.set_reactive(Widget.scroll_y, 0.0)
            self.set_reactive(Widget.scroll_target_y, 0.0)
        return arranged

    @property
    def _anchor_released(self) -> bool:
        return self._short or self._left_end

    @_anchor_released.setter
    def _anchor_released(self, released: bool) -> None:
        self._left_end = released
