"""Conversations that are kept: an engine's replies with their place in the history."""

from .branch import exchanges_of, starts_of
from .chat import Chat
from .recording import Recording

__all__ = ["Chat", "Recording", "exchanges_of", "starts_of"]
