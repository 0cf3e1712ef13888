"""One's own conversations as samples."""

from collections.abc import Sequence

from ...conversation import Message
from ...errors import UsageError
from ...history import Conversation, Store, StoredMessage
from .sample import Sample

# More than a person has.
LIMIT = 1_000_000
# In a query: only the pinned ones.
PINNED = "is:pinned"


def from_history(store: Store, query: str, *, pinned: bool = False) -> list[Sample]:
    """The conversations that a search finds, or all; with `pinned` only those.

    All words must be in a message of the branch that is shown, or in the title;
    `is:pinned` among them does what `pinned` does. Of each conversation that branch is
    taken, up to the first message that is damaged or has no text; replies that were
    stopped or cut short are read, but not learnt. Private chats and those in the trash
    are in no search. Raises `UsageError` when there are none.
    """
    given = query.split()
    pinned = pinned or PINNED in given
    words = " ".join(word for word in given if word != PINNED)
    samples = []
    for each, branch in _found(store, words, pinned):
        sample = _sample(each, branch)
        samples += [sample] if sample else []
    if not samples:
        what = "pinned conversation" if pinned else "conversation"
        raise UsageError(
            f"No {what} with a whole reply is found for {query!r}; try "
            "`genesis-chat history search` first."
        )
    return samples


def _found(
    store: Store, words: str, pinned: bool
) -> list[tuple[Conversation, list[StoredMessage]]]:
    chats = [each for each in store.conversations() if each.pinned or not pinned]
    branches = [(each, store.branch(each.id)) for each in chats]
    if not words:
        return branches
    hits = {hit.message.id for hit in store.search(words, limit=LIMIT)}
    titled = {each.id for each in store.titled(words, limit=LIMIT)}
    return [
        (each, branch)
        for each, branch in branches
        if each.id in titled or any(message.id in hits for message in branch)
    ]


def _sample(
    conversation: Conversation, branch: Sequence[StoredMessage]
) -> Sample | None:
    """The branch up to its last whole reply; None where there is none."""
    system = conversation.system
    messages = [Message("system", system)] if system.strip() else []
    thoughts, learnt = [""] * len(messages), [False] * len(messages)
    asked: str | None = None
    for each in branch:
        if each.status in ("damaged", "writing") or not each.content.strip():
            break
        if each.role == "user":
            # One that nobody replied to is left out.
            asked = each.content
        elif asked is None:
            break
        else:
            messages += [Message("user", asked), Message("assistant", each.content)]
            thoughts += ["", each.thought]
            learnt += [False, _is_whole(each)]
            asked = None
    if not any(learnt):
        return None
    end = len(learnt) - learnt[::-1].index(True)
    title = conversation.title or conversation.id[:8]
    return Sample(
        f'"{title}" in the history',
        tuple(messages[:end]),
        tuple(learnt[:end]),
        thoughts=tuple(thoughts[:end]) if any(thoughts[:end]) else (),
    )


def _is_whole(reply: StoredMessage) -> bool:
    """Whether it is all that was to be said, as far as anybody noted."""
    ended = reply.receipt is None or reply.receipt.finish_reason == "stop"
    return reply.status == "complete" and ended
