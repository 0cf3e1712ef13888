"""What is offered where no message is yet."""

from textual.widget import Widget

from ..start import Start
from ..widgets.composer import PLACEHOLDER, Composer
from ..widgets.transcript import Transcript
from ..widgets.welcome import FirstRun, Prompts, Welcome
from .open_chat import OpenChat

DEMO = "Message the demo, or pick a number"


class Welcoming:
    """Greets in new chats, the first time with prompts to pick.

    `first` says that no model was ever chosen or fetched.
    """

    def __init__(self, start: Start, composer: Composer, chat: OpenChat) -> None:
        self._start, self._composer, self._chat = start, composer, chat
        self.first = start.first

    def widget(self) -> Widget:
        """What stands where no message is yet."""
        if self.first and not self._chat.private:
            return FirstRun()
        private = self._start.private or self._chat.private
        return Welcome(self._start.keys, private=private)

    def focus(self, transcript: Transcript) -> None:
        """Go to where one begins to write, or to what can be picked instead."""
        offered = not transcript.views and bool(transcript.query(Prompts))
        self._composer.placeholder = DEMO if offered else PLACEHOLDER
        if offered and not self._composer.text:
            transcript.query_one(Prompts).focus()
        else:
            self._composer.focus()

    def leave(self) -> None:
        """The first message is sent."""
        self._composer.placeholder = PLACEHOLDER
