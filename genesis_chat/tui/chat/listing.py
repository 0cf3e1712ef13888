"""The messages of a branch as they are shown."""

from collections.abc import Sequence
from dataclasses import replace

from ...chat.speakers import speaker_of_message
from ...engine import ModelFacts
from ...history import StoredMessage
from ..actions import Keys, first_key
from ..widgets.shown_message import Shown


def listed(
    branch: Sequence[StoredMessage],
    tree: Sequence[StoredMessage],
    *,
    model: ModelFacts | None,
    keys: Keys,
    replying: bool = False,
) -> list[Shown]:
    """The messages of a branch with their places among their alternatives.

    `model` is the one that is loaded, `keys` are those that the settings file changes.
    While one is `replying` the last question still waits for its reply.
    """
    again, resume = first_key("chat.regenerate", keys), first_key("chat.resume", keys)
    siblings: dict[tuple[str | None, str], list[str]] = {}
    for message in tree:
        siblings.setdefault((message.parent, message.role), []).append(message.id)
    found = []
    for message in branch:
        ids = siblings.get((message.parent, message.role), [message.id])
        place = ids.index(message.id) + 1 if message.id in ids else 1
        shown = Shown(message, speaker_of_message(message, model), place, len(ids))
        if message is branch[-1] and not replying:
            shown = replace(shown, unanswered=message.role == "user")
            # What says nothing of itself stays as it is, and is not drawn anew.
            if shown.state:
                shown = replace(shown, again=again, resume=resume)
        found.append(shown)
    return found
