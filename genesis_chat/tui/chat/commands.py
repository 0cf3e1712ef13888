"""The slash commands of the composer."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """A command: `usage` names what may follow it, `action` is what does it."""

    name: str
    usage: str
    help: str
    action: str


COMMANDS = (
    Command("new", "", "Begin a new chat", "new_chat"),
    Command("system", "[TEXT]", "Set or edit the system prompt", "system"),
    Command("model", "[NAME]", "Choose a model", "model"),
    Command("set", "[NAME VALUE]", "Change a sampling setting", "set"),
    Command("export", "[FILE]", "Export this chat (.md, .json or .jsonl)", "export"),
    Command("attach", "FILE", "Put a text file into the message", "attach"),
    Command("search", "[WORDS]", "Search all chats", "search"),
    Command("title", "TEXT", "Rename this chat", "title"),
    Command("regenerate", "", "Let the last reply be written anew", "regenerate"),
    Command("continue", "", "Let a reply that was cut go on", "resume"),
    Command("copy", "", "Copy the last reply", "copy"),
    Command("editor", "", "Write in your editor", "edit_externally"),
    Command("mixers", "", "Show or hide what the mixers do", "toggle_mixers"),
    Command("seen", "", "Dim what FoX hardly sees any more", "toggle_fading"),
    Command("theme", "[NAME]", "Choose colours", "theme"),
    Command("delete", "", "Put this chat into the trash", "delete_chat"),
    Command("trash", "", "Bring back a chat that was deleted", "trash"),
    Command("help", "", "Keys and commands", "help"),
    Command("quit", "", "Leave; everything is kept", "quit"),
)


def parse(text: str) -> tuple[Command, str] | None:
    """The command that a text is, with what follows; None for a message.

    A text with a slash that names no command is a message too, so that a path can be
    asked about.
    """
    if not text.startswith("/"):
        return None
    name, _, rest = text[1:].strip().partition(" ")
    found = next((c for c in COMMANDS if c.name == name), None)
    return (found, rest.strip()) if found else None
