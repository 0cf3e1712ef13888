"""What the parts of the chat pane share."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual.widget import Widget

from ...engine import ModelFacts
from ...history import StoredMessage
from ..actions import Keys
from ..services.turns import Turns
from ..widgets.asking import Asking, tell
from ..widgets.composer import Composer
from ..widgets.shown_message import Shown
from ..widgets.transcript import Transcript
from .drafts import Drafts
from .keeping import Keeping
from .listing import listed
from .open_chat import OpenChat


@dataclass
class Parts:
    """The open chat, the widgets that show it, and the services behind it.

    `keys` are those that the settings file changes. `model` is the one that is loaded,
    `preparing` what is done with one that is not ready yet, since when on the monotonic
    clock, `opening` the name of that; while the mixers are `watched` they report.
    """

    pane: Widget
    turns: Turns
    chat: OpenChat
    keeping: Keeping
    transcript: Transcript
    composer: Composer
    keys: Keys
    model: ModelFacts | None = None
    watched: bool = False
    preparing: str = ""
    preparing_since: float = 0.0
    opening: str = ""

    @property
    def ask(self) -> Asking:
        """Asks the history of the open chat."""
        return self.keeping.now.ask

    @property
    def drafts(self) -> Drafts:
        """Drafts beside the open chat."""
        return self.keeping.now.drafts

    def tell(self, sentence: str, *, error: bool = False) -> None:
        """Say something for a moment."""
        tell(self.pane, sentence, error=error)

    def listed(
        self,
        branch: Sequence[StoredMessage] | None = None,
        *,
        replying: bool = False,
    ) -> list[Shown]:
        """The messages of the open chat, or of a branch of it, as they are shown."""
        chosen = self.chat.branch if branch is None else branch
        return listed(
            chosen,
            self.chat.tree,
            model=self.model,
            keys=self.keys,
            replying=replying,
        )

    def measure(self) -> None:
        """Find out how full the context is."""
        self.turns.measure(self.chat.turn())

    async def place_context_line(self) -> None:
        """Put the line where the model's context begins."""
        await self.transcript.set_left_out(self.chat.left_out)
