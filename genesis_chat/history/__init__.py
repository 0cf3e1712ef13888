"""The history of conversations, kept in one SQLite file."""

from ..errors import HistoryError
from .records import (
    Conversation,
    Hit,
    NewConversation,
    NewMessage,
    Receipt,
    Role,
    Status,
    StoredMessage,
)
from .store import Store
from .writer import ReplyWriter

__all__ = [
    "Conversation",
    "HistoryError",
    "Hit",
    "NewConversation",
    "NewMessage",
    "Receipt",
    "ReplyWriter",
    "Role",
    "Status",
    "Store",
    "StoredMessage",
]
