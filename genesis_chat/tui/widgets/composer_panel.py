"""Where a message is written, and below it how the reply to it will be made."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content

from ...settings import AUTO, GenerationSettings, SamplingDefaults
from ..actions import key_name
from .composer import Composer
from .fitting import Fitting


class ComposerPanel(Vertical):
    """A composer on a ground of its own; its bar says whether it has the focus."""

    def __init__(self, composer: Composer) -> None:
        super().__init__()
        self._composer = composer
        self._made = Fitting("made")

    def compose(self) -> ComposeResult:
        yield self._composer
        with Horizontal(classes="below"):
            yield self._made
            yield Fitting("sending")

    def on_mount(self) -> None:
        send, new_line = key_name("enter"), key_name("ctrl+j")
        if not self._composer.enter_sends:
            send, new_line = new_line, send
        hints = (f"{send} send", f"{new_line} new line", "/ commands")
        self.query_one("#sending", Fitting).say(
            Content("   ".join(hints)), Content("   ".join(hints[::2])), Content("")
        )

    def settings(
        self, settings: GenerationSettings, sampling: SamplingDefaults | None
    ) -> None:
        """What the next reply is made with; `sampling` is the model's, once known."""
        temperature = settings.temperature
        if temperature is None and sampling:
            temperature = sampling.temperature
        warmth = AUTO if temperature is None else f"{temperature:g}"
        longest = settings.max_tokens
        state, colour = ("on", "$ttt") if settings.ttt else ("off", "")
        ttt = Content.styled(f"TTT {state}", colour)
        limit = "auto length" if longest is None else f"up to {longest:,} tokens"
        self._made.say(
            Content.assemble(f"temp {warmth} · {limit} · ", ttt),
            Content.assemble(f"temp {warmth} · ", ttt),
            ttt,
        )
