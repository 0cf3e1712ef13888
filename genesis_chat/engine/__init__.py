"""From messages to replies: prompts, text, sessions, the door to the backends."""

from .events import Dropped, Event, Finished, PromptProgress, Reply, Text
from .loader import LoadedModel, describe, open_model
from .session import Session
from .snapshots import Snapshots

__all__ = [
    "Dropped",
    "Event",
    "Finished",
    "LoadedModel",
    "PromptProgress",
    "Reply",
    "Session",
    "Snapshots",
    "Text",
    "describe",
    "open_model",
]
