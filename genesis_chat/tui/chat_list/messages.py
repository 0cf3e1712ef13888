"""What the list of chats tells."""

from textual.message import Message

from ...history import Conversation


class Opened(Message):
    """A conversation is to be shown; at a message, if a search for words found one.

    `aside` says whether what was being written was set aside.
    """

    def __init__(
        self,
        conversation: str,
        message: str = "",
        words: str = "",
        *,
        aside: bool = False,
    ) -> None:
        self.conversation, self.message, self.words = conversation, message, words
        self.aside = aside
        super().__init__()


class Renamed(Message):
    """A conversation has another title."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        super().__init__()


class Changed(Message):
    """The list is to be read anew."""


class Trashed(Message):
    """A conversation is in the trash and can be restored."""

    def __init__(self, conversation: str) -> None:
        self.conversation = conversation
        super().__init__()
