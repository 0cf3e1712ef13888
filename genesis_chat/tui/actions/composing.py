"""What can be done while one writes a message."""

from .action import Action

COMPOSER = (
    Action(
        "composer.send", "composer", "Send", "Send the message", ("enter",), "", "send"
    ),
    # Many terminals send the same for Shift+Enter as for Enter.
    Action(
        "composer.newline",
        "composer",
        "New line",
        "New line (Shift+Enter only where the terminal can tell it from Enter)",
        ("alt+enter", "ctrl+j", "shift+enter"),
        hint="new line",
    ),
    Action(
        "composer.commands",
        "composer",
        "Commands",
        "Commands, at the beginning of a message",
        ("slash",),
        hint="commands",
    ),
    Action(
        "composer.recall",
        "composer",
        "Recall",
        "Previous or next prompt",
        ("up", "down"),
    ),
    Action(
        "composer.cut",
        "composer",
        "Cut",
        "Cut what is selected",
        ("ctrl+x",),
        "cut",
        menus=("composer",),
    ),
    Action(
        "composer.copy",
        "composer",
        "Copy",
        "Copy what is selected",
        does="copy_selected",
        menus=("composer",),
    ),
    Action(
        "composer.paste",
        "composer",
        "Paste",
        "Paste what is in the clipboard, where the terminal tells it",
        does="paste",
        menus=("composer",),
    ),
    Action(
        "composer.undo",
        "composer",
        "Undo",
        "Undo typing",
        ("ctrl+underscore", "alt+z"),
        "undo",
        menus=("composer",),
    ),
    Action(
        "composer.redo",
        "composer",
        "Redo",
        "Redo typing",
        ("ctrl+y",),
        "redo",
        menus=("composer",),
    ),
    Action(
        "composer.select_all",
        "composer",
        "Select all",
        "Select all that is written",
        does="select_all",
        menus=("composer",),
    ),
)
