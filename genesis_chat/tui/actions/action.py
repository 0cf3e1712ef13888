"""One thing that can be done in the interface."""

from dataclasses import dataclass
from typing import Literal

Where = Literal[
    "application",
    "chat",
    "composer",
    "message",
    "code",
    "list",
    "mixers",
    "dialog",
]
Group = Literal["Chat", "Reply", "Find", "Model", "View", "Program", ""]


@dataclass(frozen=True)
class Action:
    """Something that can be done.

    `id` is its name in the settings file. `label` names it in two words, `text` says
    what it does. `does` is the Textual action behind its keys; without one the widget
    handles them. `hint` is its word in the footer. In the palette it stands in its
    `group`, and not at all without one. `slash` are its names as a slash command, what
    may follow them is its `usage`. Keys with `priority` come before those of the
    widget that has the focus. An action that is `spare` is not listed in help. Its
    `menus` are the places whose context menu has it.
    """

    id: str
    where: Where
    label: str
    text: str
    keys: tuple[str, ...] = ()
    does: str = ""
    hint: str = ""
    group: Group = ""
    slash: tuple[str, ...] = ()
    usage: str = ""
    priority: bool = False
    spare: bool = False
    menus: tuple[Where, ...] = ()
