"""What is typed or pasted where nothing takes it: the beginning of a message."""

from textual.events import Key, Paste
from textual.message import Message
from textual.widget import Widget

from .fields import is_text


class TypedElsewhere(Message):
    """The beginning of a message, or a key that came right behind it."""

    def __init__(self, event: Key | Paste) -> None:
        self.event = event
        super().__init__()


class Elsewhere(Widget):
    """A part of the screen that is not written in, but for its own fields.

    Keys with a meaning there keep it.
    """

    _typing = False

    def on_focus(self) -> None:
        self._typing = False

    def on_descendant_focus(self) -> None:
        self._typing = False

    def on_key(self, event: Key) -> None:
        # What comes right behind it is meant for the same field.
        if self._typing or (is_text(event) and not self._means_something(event.key)):
            self._typing = True
            event.stop()
            event.prevent_default()
            self.post_message(TypedElsewhere(Key(event.key, event.character)))

    def on_paste(self, event: Paste) -> None:
        self._typing = True
        event.stop()
        self.post_message(TypedElsewhere(Paste(event.text)))

    def _means_something(self, key: str) -> bool:
        chain = self.screen._binding_chain
        return any(key in bindings.key_to_bindings for _, bindings in chain)
