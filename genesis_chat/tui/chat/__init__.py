"""The screen that one chats on."""

from .screen import ChatScreen

__all__ = ["ChatScreen"]
