"""What the open chat tells."""

from textual.message import Message

from ...engine import Context


class ChatOpened(Message):
    """Another chat is shown."""


class MessagesDeleted(Message):
    """Messages were deleted and can be restored."""

    def __init__(self, conversation: str, messages: list[str]) -> None:
        self.conversation, self.messages = conversation, messages
        super().__init__()


class ReplyFlushed(Message):
    """More of the reply is shown."""


class ContextShown(Message):
    """How full the context of the open chat is, None while nobody knows."""

    def __init__(self, context: Context | None) -> None:
        self.context = context
        super().__init__()
