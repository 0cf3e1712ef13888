"""What can be done where the focus is."""

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
        "composer.undo",
        "composer",
        "Undo",
        "Undo typing",
        ("ctrl+underscore", "alt+z"),
        "undo",
    ),
    Action("composer.redo", "composer", "Redo", "Redo typing", ("ctrl+y",), "redo"),
)

MESSAGE = (
    Action("message.above", "message", "Above", "Message above", ("up", "k"), "go(-1)"),
    Action(
        "message.below", "message", "Below", "Message below", ("down", "j"), "go(1)"
    ),
    Action(
        "message.find",
        "message",
        "Find",
        "Find words in this chat",
        ("slash",),
        "screen.find",
    ),
    Action(
        "message.find_above",
        "message",
        "Match above",
        "Match above",
        ("n",),
        "screen.find_next(-1)",
    ),
    Action(
        "message.find_below",
        "message",
        "Match below",
        "Match below",
        ("N",),
        "screen.find_next(1)",
    ),
    Action(
        "message.question_above",
        "message",
        "Question above",
        "Your question above",
        ("shift+up", "K"),
        "go(-1, True)",
    ),
    Action(
        "message.question_below",
        "message",
        "Question below",
        "Your question below",
        ("shift+down", "J"),
        "go(1, True)",
    ),
    Action(
        "message.copy",
        "message",
        "Copy",
        "Copy the message",
        ("c",),
        "ask('copy')",
        "copy",
    ),
    Action(
        "message.copy_code",
        "message",
        "Copy code",
        "Copy a block of code; again for the next one",
        ("b",),
        "ask('copy_code')",
        "code",
    ),
    Action(
        "message.edit",
        "message",
        "Edit",
        "Edit the message and send it again",
        ("e",),
        "ask('edit')",
        "edit",
    ),
    Action(
        "message.regenerate",
        "message",
        "Regenerate",
        "Generate the reply again",
        ("r",),
        "ask('regenerate')",
        "again",
    ),
    Action(
        "message.resume",
        "message",
        "Continue",
        "Continue a reply that was cut off",
        ("enter", "o"),
        "ask('resume')",
        "continue",
    ),
    Action(
        "message.branch",
        "message",
        "Branch",
        "Branch into a new chat",
        ("f",),
        "ask('branch')",
        "branch",
    ),
    Action(
        "message.delete",
        "message",
        "Delete",
        "Delete the message and those that follow",
        ("d", "delete"),
        "ask('delete')",
        "delete",
    ),
    Action(
        "message.thought",
        "message",
        "Thought",
        "Show or fold the thought",
        ("t",),
        "fold_thought",
        "thought",
    ),
    Action(
        "message.more",
        "message",
        "Show more",
        "Show more of a long message",
        ("space",),
        "show_more",
        "more",
    ),
    Action(
        "message.previous",
        "message",
        "Previous version",
        "Previous version",
        ("left", "h"),
        "ask('previous')",
        "versions",
    ),
    Action(
        "message.next",
        "message",
        "Next version",
        "Next version",
        ("right", "l"),
        "ask('next')",
        "versions",
    ),
)

LIST = (
    Action("chats.open", "list", "Open", "Open the chat", ("enter",), "select", "open"),
    Action(
        "chats.down", "list", "Down", "Chat below", ("j",), "cursor_down", spare=True
    ),
    Action("chats.up", "list", "Up", "Chat above", ("k",), "cursor_up", spare=True),
    Action(
        "chats.rename",
        "list",
        "Rename",
        "Rename the chat",
        ("r", "f2"),
        "ask('rename')",
        "rename",
    ),
    Action(
        "chats.pin", "list", "Pin", "Pin or unpin the chat", ("p",), "ask('pin')", "pin"
    ),
    Action(
        "chats.delete",
        "list",
        "Delete",
        "Move the chat to the trash",
        ("d", "delete"),
        "ask('delete')",
        "delete",
    ),
    Action(
        "chats.export",
        "list",
        "Export",
        "Export the chat to a file",
        ("x",),
        "ask('export')",
        "export",
    ),
)

DIALOG = (
    Action("dialog.accept", "dialog", "Save", "Save", ("ctrl+s",), "accept"),
    Action("dialog.leave", "dialog", "Cancel", "Cancel", ("escape",), "leave"),
)
