"""What the command palette offers, and the keys that help shows."""

import difflib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from textual.binding import Binding

from .chat import ChatScreen
from .chat_list.sidebar import ConversationList
from .widgets.composer import BREAK
from .widgets.message import MessageView

if TYPE_CHECKING:
    from .app import GenesisApp


def commands(app: "GenesisApp") -> list[tuple[str, str, Callable[[], Any]]]:
    """What the command palette offers: a title, a help and what it does."""
    chat = app.chat
    return [
        ("New chat", "Begin a new chat", chat.action_new_chat),
        ("Search", "Search all chats", chat.action_search),
        ("Models", "Choose or download a model", app.action_models),
        ("System prompt", "Edit this chat's system prompt", chat.action_system),
        ("Settings", "Sampling settings of this chat", chat.action_settings),
        ("Mixers", "Show or hide what the mixers do", chat.action_toggle_mixers),
        ("Seen", "Dim what FoX hardly sees any more", chat.action_toggle_fading),
        ("Regenerate", "Write the last reply anew", chat.action_regenerate),
        ("Continue", "Let a cut reply go on", chat.action_resume),
        ("Copy reply", "Copy the last reply", chat.action_copy_reply),
        ("Rename chat", "Give this chat another title", chat.action_rename_chat),
        ("Pin chat", "Keep this chat at the top, or no longer", chat.action_pin_chat),
        ("Export chat", "Write this chat into a file", chat.action_export_chat),
        ("Delete chat", "Put this chat into the trash", chat.action_delete_chat),
        ("Trash", "Bring back a chat that was deleted", chat.action_trash),
        ("Undo delete", "Bring back what was deleted", chat.action_undo_delete),
        ("Editor", "Write in your editor", app.action_edit_externally),
    ]


def keys(app: "GenesisApp") -> dict[str, list[tuple[str, str]]]:
    """The keys as they are, changed ones included."""

    def rows(bindings: Iterable[Any]) -> list[tuple[str, str]]:
        found = []
        for binding in bindings:
            keys = app.start.keys.get(binding.id or "", binding.key)
            shown = " ".join(app.get_key_display(b) for b in _split(binding, keys))
            found.append((shown, binding.description))
        return found

    def shown(*keys: str) -> str:
        return " ".join(app.get_key_display(Binding(key, "")) for key in keys)

    return {
        "Everywhere": [
            *rows([*app.BINDINGS, *ChatScreen.BINDINGS]),
            (shown(app.COMMAND_PALETTE_BINDING), "Everything else"),
        ],
        "Writing": [
            (shown("enter"), "Send" if app.start.enter_sends else "New line"),
            (shown(*BREAK), "New line" if app.start.enter_sends else "Send"),
            (shown("up", "down"), "What was asked before"),
            (shown("ctrl+underscore", "ctrl+y"), "Undo, redo"),
            (shown("ctrl+g"), "External editor"),
        ],
        "On a message": rows(MessageView.BINDINGS),
        "On a chat in the list": rows(ConversationList.BINDINGS[2:]),
    }


def unknown_keys(app: "GenesisApp") -> list[str]:
    """A sentence for each key of the settings that is for no action there is."""
    rows: tuple[Iterable[Any], ...] = (
        app.BINDINGS,
        ChatScreen.BINDINGS,
        MessageView.BINDINGS,
        ConversationList.BINDINGS,
    )
    actions = sorted(each.id for row in rows for each in row if each.id)
    found = []
    for name in app.start.keys:
        if name not in actions:
            near = difflib.get_close_matches(name, actions, 1)
            hint = (
                f"did you mean {near[0]!r}?"
                if near
                else f"there are: {', '.join(actions)}."
            )
            found.append(f"The settings file has a key for {name!r}; {hint}")
    return found


def _split(binding: Any, keys: str) -> list[Binding]:
    return [
        Binding(key.strip(), binding.action, binding.description)
        for key in keys.split(",")
    ]
