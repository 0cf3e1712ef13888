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
MEANS: dict[Mode, tuple[str, str, str]] = {
    "attention": (
        "what attention still sees",
        "0.1 %",
        "100 % of its weight left, log scale",
    ),
    "surprise": (
        "how unexpected each token was",
        "expected",
        "1 in 1,000, log scale",
    ),
    "certainty": (
        "how certain the model was",
        "1 %",
        "100 % for the likeliest token, log scale",
    ),
}
NEXT: dict[Mode, str] = {
    "attention": "The attention view starts with the next reply.",
    "surprise": "The surprise view starts with the next reply.",
    "certainty": "The certainty view starts with the next reply.",
}
NOT_TOLD = "This model does not tell what its attention sees."
EARLIER = " · earlier replies unknown"


class Legend(Static):
    """Two lines above the composer while the transcript is coloured."""

    DEFAULT_CSS = """
    Legend { display: none; height: 2; margin: 1 2 0 2; text-wrap: nowrap; }
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

    def notify_style_update(self) -> None:
        """The same in the colours of another theme."""
        super().notify_style_update()
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
        means, low, high = MEANS[mode]
        colours = has_colours(self.app)
        style, muted = Style(bold=True), Style()
        if colours:
            hues = Hues.of(self)
            style = Style(foreground=hues.ink(OF_MODES[mode]))
            muted = Style(foreground=hues.ink("muted"))
        first = Content.assemble(
            "Colour: " if colours else "Marks: ",
            (means, style),
            (f"   F6 {NAMES[following]}", muted),
        )
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
                ("" if whole else EARLIER, muted),
            )
        self.update(Content("\n").join([first, second]))
