"""What the colours of the transcript mean."""

from textual.content import Content
from textual.style import Style
from textual.widgets import Static

from ..widgets.tints import STEPS
from .colouring import Mode
from .hues import OF_MODES, Hues, has_colours, marks

NAMES: dict[Mode, str] = {
    "off": "off",
    "attention": "attention",
    "surprise": "surprise",
    "certainty": "certainty",
}
# What is coloured, the ends of the scale, and what they are of.
MEANS: dict[Mode, tuple[str, str, str, str]] = {
    "attention": (
        "what attention still sees",
        "0.1 %",
        "100 %",
        " of its weight left",
    ),
    "surprise": (
        "how unexpected each token was",
        "expected",
        "1 in 1,000",
        "",
    ),
    "certainty": (
        "how certain the model was",
        "1 %",
        "100 %",
        " for the likeliest token",
    ),
}
NEXT: dict[Mode, str] = {
    "attention": "The attention view starts with the next reply.",
    "surprise": "The surprise view starts with the next reply.",
    "certainty": "The certainty view starts with the next reply.",
}
NOT_TOLD = "This model does not tell what its attention sees."
# What follows the scale where there is room; what is unknown comes first.
EARLIER, SCALE = " · earlier replies unknown", ", log scale"


class Legend(Static):
    """Two lines above the composer while the transcript is coloured."""

    DEFAULT_CSS = """
    Legend {
        display: none;
        width: 1fr;
        max-width: 100;
        height: 2;
        margin: 1 0 0 0;
        padding: 0 2;
        text-wrap: nowrap;
        text-overflow: ellipsis;
    }
    Legend.-on { display: block; }
    """

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._last: tuple[object, ...] = ()

    def show(
        self, mode: Mode, following: Mode, *, tells: bool, some: bool, whole: bool
    ) -> None:
        """Say what a mode means and what F6 does.

        `tells` says whether the model's family has what it needs, `some` whether
        anything is coloured yet, `whole` whether every reply is.
        """
        self.set_class(mode != "off", "-on")
        if mode == "off":
            return
        now = (mode, following, tells, some, whole)
        if now != self._last:
            self._last = now
            self._write(*now)

    def on_resize(self) -> None:
        """The same in as many words as there is room for."""
        self._write_again()

    def notify_style_update(self) -> None:
        """The same in the colours of another theme."""
        super().notify_style_update()
        self._write_again()

    def _write_again(self) -> None:
        if self._last and self.has_class("-on"):
            self._write(*self._last)  # type: ignore[arg-type]  # as `show` left it

    def styles_of(self, mode: Mode) -> list[Style]:
        """The styles of the levels of a mode."""
        if not has_colours(self.app):
            return marks()
        return Hues.of(self).tints(OF_MODES[mode])

    def _write(
        self, mode: Mode, following: Mode, tells: bool, some: bool, whole: bool
    ) -> None:
        means, low, high, of_what = MEANS[mode]
        room = self.content_size.width
        colours = has_colours(self.app)
        style, muted = Style(bold=True), Style()
        if colours:
            hues = Hues.of(self)
            style = Style(foreground=hues.ink(OF_MODES[mode]))
            muted = Style(foreground=hues.ink("muted"))
        kind = "Colour: " if colours else "Marks: "
        first = Content.assemble((means, style), (f"   F6 {NAMES[following]}", muted))
        if len(kind) + first.cell_length <= room or not room:
            first = Content.assemble(kind, first)
        if not tells and not some:
            second = Content.styled(NOT_TOLD, muted)
        elif not some:
            second = Content.styled(NEXT[mode], muted)
        else:
            cell = " " if colours else "a"
            second = Content.assemble(
                (f"{low} ", muted),
                *((cell, each) for each in self.styles_of(mode)[:STEPS]),
                (f" {high}", muted),
            )
            room -= second.cell_length
            earlier = "" if whole else EARLIER
            forms = (of_what + SCALE + earlier, of_what + earlier, earlier, of_what)
            fitting = next((form for form in forms if len(form) <= room), "")
            second = Content.assemble(second, (fitting, muted))
        self.update(Content("\n").join([first, second]))
