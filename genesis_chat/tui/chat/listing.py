"""The messages of a branch as they are shown."""

from collections.abc import Sequence

from ...chat.speakers import speaker_of_message
from ...engine import ModelFacts
from ...history import StoredMessage
from ..widgets.shown_message import Shown


def listed(
    branch: Sequence[StoredMessage],
    tree: Sequence[StoredMessage],
    *,
    model: ModelFacts | None,
    replying: bool = False,
) -> list[Shown]:
    """The messages of a branch with their places among their alternatives.

    `model` is the one that is loaded. While one is `replying` the last question still
    waits for its reply.
    """
    siblings: dict[tuple[str | None, str], list[str]] = {}
    for message in tree:
        siblings.setdefault((message.parent, message.role), []).append(message.id)
    found = []
    for message in branch:
        ids = siblings.get((message.parent, message.role), [message.id])
        place = ids.index(message.id) + 1 if message.id in ids else 1
        last = message is branch[-1] and message.role == "user" and not replying
        speaker = speaker_of_message(message, model)
        found.append(Shown(message, speaker, place, len(ids), unanswered=last))
    return found
