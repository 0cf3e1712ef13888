"""The panel that shows what the mixers do, layer by layer."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.geometry import Region
from textual.message import Message
from textual.style import Style
from textual.widgets import Static

from ..bindings import bindings
from .explaining import explain
from .hues import Hues, has_colours
from .picture import Shown, rows
from .tokens import Tokens
from .trace import Layer, Trace
from .view import PictureView

TITLE, CLOSE = "Mixers", "F5 close"
# Rows of the panel above the picture.
ABOVE = 3


class Scroll(VerticalScroll):
    """The picture, where it is higher than the panel."""

    can_focus = False

    class Resized(Message):
        """There is more or less room for the picture."""

    def on_resize(self) -> None:
        self.post_message(self.Resized())


class MixersPanel(Vertical):
    """Readings of the reply that is being written; one layer explained on demand."""

    can_focus = True
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "mixers", Binding("escape", "fold", "Close the explanation", show=False)
    )
    DEFAULT_CSS = """
    MixersPanel {
        display: none;
        width: 46%;
        min-width: 48;
        max-width: 72;
        height: 1fr;
        background: $surface;
        padding: 1 0 0 1;

        .bar { height: 1; margin: 0 0 1 0; padding: 0 2 0 1; }
        Scroll {
            height: 1fr;
            scrollbar-size-vertical: 1;
            scrollbar-gutter: stable;
        }
        PictureView { width: 1fr; height: auto; }
        /* A margin of its own would take columns from the picture, too. */
        .inset { height: auto; max-height: 60%; padding: 0 2 0 1; }
        .explained {
            display: none;
            height: auto;
            background: $panel;
            padding: 1 2;
            margin: 1 0;
        }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._shown = Shown(Trace(), Tokens())
        self._bar = Static(classes="bar", markup=False)
        self._picture = PictureView()
        self._explained = Static(classes="explained", markup=False)

    def compose(self) -> ComposeResult:
        yield self._bar
        with Scroll():
            yield self._picture
        with Vertical(classes="inset"):
            yield self._explained

    @property
    def _layers(self) -> list[Layer]:
        return self._shown.trace.layers if self._shown.tells else []

    @property
    def choice(self) -> Layer | None:
        """The layer that is chosen."""
        return self._picture.choice

    @property
    def explanation(self) -> str:
        """What is said of it; nothing while that is closed."""
        return str(self._explained.content) if self._explained.display else ""

    def show(
        self, trace: Trace, tokens: Tokens, tells: bool, learns: bool | None
    ) -> None:
        """Show readings; see `Shown`."""
        colours = has_colours(self.app)
        self._shown = Shown(trace, tokens, tells, learns, colours)
        self._draw()

    def on_resize(self, event: Resize) -> None:
        self.call_after_refresh(self._draw)

    def notify_style_update(self) -> None:
        """Another theme may be one without shades."""
        super().notify_style_update()
        if self.is_mounted and self.display:
            colours = has_colours(self.app)
            if colours != self._shown.colours:
                self.show(
                    self._shown.trace,
                    self._shown.tokens,
                    self._shown.tells,
                    self._shown.learns,
                )

    def on_focus(self) -> None:
        self._picture.active = True
        if self.choice not in self._layers:
            self._choose(0)

    def on_blur(self) -> None:
        self._picture.active = False

    def action_choose(self, step: int) -> None:
        layers = self._layers
        place = layers.index(self.choice) if self.choice in layers else 0
        self._choose(place + step)

    def action_explain(self) -> None:
        if self._explained.display or self.choice is None:
            self.action_fold()
        else:
            self._explained.display = True
            self._explain()
            self.screen.refresh_bindings()

    def action_fold(self) -> None:
        self._explained.display = False
        self.screen.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Esc goes on to the screen while there is nothing to close."""
        return action != "fold" or bool(self._explained.display)

    @on(Scroll.Resized)
    def scroll_resized(self, event: Scroll.Resized) -> None:
        event.stop()
        if self._explained.display:
            # What is explained may be out of sight now.
            self._reveal()

    @on(PictureView.Chosen)
    def chosen(self, event: PictureView.Chosen) -> None:
        event.stop()
        again = event.layer == self.choice and self._explained.display
        self._choose(self._layers.index(event.layer))
        self._explained.display = not again
        self._explain()
        self.screen.refresh_bindings()

    def _choose(self, place: int) -> None:
        layers = self._layers
        if layers:
            self._picture.choice = layers[max(0, min(place, len(layers) - 1))]
            self._explain()
            self._reveal()

    def _reveal(self) -> None:
        if self.choice:
            rows = self._picture.places(self.choice)
            # The first layer with what stands above it, the last one to the end.
            top = 0 if self.choice == self._layers[0] else rows.start
            region = Region(0, top, 1, rows.stop + 1 - top)
            self.query_one(Scroll).scroll_to_region(region, animate=False)

    def _draw(self) -> None:
        if not self.display or not self.is_attached:
            return
        width = self._picture.size.width
        if width < 2:
            return
        heading = self._heading(self._bar.size.width)
        if self._bar.content != heading:
            self._bar.update(heading, layout=False)
        # The first column is the mark of the layer that is chosen. An explanation takes
        # room, but moves nothing.
        self._picture.show(rows(self._shown, width - 2, self.size.height - ABOVE))
        self._explain()

    def _heading(self, width: int) -> Content:
        read = self._shown.trace.read
        about = f"   this reply, token {read:,} of {read:,}" if read else ""
        room = width - len(TITLE) - len(about) - len(CLOSE)
        muted = Style()
        if self._shown.colours:
            muted = Style(foreground=Hues.of(self).ink("muted"))
        return Content.assemble(
            (TITLE, "bold"),
            (about if room > 0 else "", muted),
            " " * max(1, room if room > 0 else width - len(TITLE) - len(CLOSE)),
            (CLOSE, muted),
        )

    def _explain(self) -> None:
        if not self._explained.display or self.choice is None:
            return
        if self.choice not in self._layers:
            self._explained.display = False
            return
        heading, said = explain(self.choice, self._shown)
        content = Content.assemble((heading, "bold"), f"\n{said}")
        if self._explained.content != content:
            self._explained.update(content)
