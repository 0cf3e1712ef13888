"""A conversation as the history has it at one moment."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...history import Conversation, Store, StoredMessage


@dataclass(frozen=True)
class Contents:
    """A conversation, its `tree` of all messages, and one `branch` of them."""

    conversation: Conversation
    tree: Sequence[StoredMessage]
    branch: Sequence[StoredMessage]


def read_contents(store: Store, conversation: str, message: str = "") -> Contents:
    """A conversation with the branch it is at, or one that a message is in."""
    found, tree = store.find(conversation), store.messages(conversation)
    branch = branch_of(tree, found.head)
    if message and all(each.id != message for each in branch):
        branch = branch_of(tree, store.latest_leaf(conversation, message))
    return Contents(found, tree, branch)


def branch_of(tree: Sequence[StoredMessage], leaf: str | None) -> list[StoredMessage]:
    """The messages from the first one to a leaf."""
    by_id = {message.id: message for message in tree}
    branch: list[StoredMessage] = []
    # Taken out as they come: a damaged history may have a circle.
    message = by_id.pop(leaf or "", None)
    while message is not None:
        branch.append(message)
        message = by_id.pop(message.parent or "", None)
    return branch[::-1]
