"""What is typed or pasted where nothing is written: the beginning of a message."""

from typing import Any

from textual.events import Key, Paste
from textual.screen import Screen
from textual.widget import Widget

from .fields import Area, Line, is_text


async def handled_elsewhere(
    screen: Screen[Any], composer: Widget, event: Key | Paste
) -> bool:
    """Do at once what a key is bound to where nothing is written; whether it was.

    Textual does it once the key has gone up through all parents, when the focus may
    be elsewhere. Text that means nothing there is for the composer, which gets the
    focus before the next key comes.
    """
    if not screen.is_active or isinstance(screen.focused, Line | Area):
        return False
    if isinstance(event, Key):
        app, key = screen.app, event.key
        if key == "escape":
            # The screen would do it when the key comes to it.
            screen.clear_selection()
        for priority in (True, False):
            if await app._check_bindings(key, priority=priority):
                return True
        if not is_text(event):
            return False
        for node, bindings in screen._modal_binding_chain:
            for each in bindings.key_to_bindings.get(key, ()):
                # It does something there, but not now.
                if app._check_action_state(each.action, node) is None:
                    return True
    screen.set_focus(composer)
    return False
