"""One line of text in the longest form that fits."""

from textual.app import RenderResult
from textual.content import Content
from textual.geometry import Size
from textual.widgets import Static


class Fitting(Static):
    """The first of some forms of a text that fits; the last one is cut if none does."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id, markup=False)
        self.forms: tuple[Content, ...] = (Content(""),)

    def say(self, *forms: Content) -> None:
        """Show one of these, the longest first."""
        if forms != self.forms:
            self.forms = forms
            self.refresh(layout=self.styles.is_auto_width)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """As wide as the longest form that the container has room for."""
        return self._fitting(container.width).cell_length

    def render(self) -> RenderResult:
        """The form for this width."""
        return self._fitting(self.content_size.width)

    def _fitting(self, width: int) -> Content:
        fits = (form for form in self.forms if form.cell_length <= width)
        return next(fits, self.forms[-1].truncate(width, ellipsis=True))
