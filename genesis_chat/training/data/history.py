"""One's own conversations as samples."""

from ...conversation import Message
from ...errors import UsageError
from ...history import Conversation, Store
from .sample import Sample

# More than a person has.
LIMIT = 1_000_000


def from_history(store: Store, query: str, *, pinned: bool = False) -> list[Sample]:
    """The conversations that a search finds, or all; with `pinned` only those.

    Of each the branch that is shown, up to its last whole reply. Private chats and
    those in the trash are in no search. Raises `UsageError` when there are none.
    """
    if query.strip():
        hits = store.search(query, limit=LIMIT)
        found = {hit.conversation.id: hit.conversation for hit in hits}
    else:
        found = {each.id: each for each in store.conversations()}
    chosen = [each for each in found.values() if each.pinned or not pinned]
    samples = [sample for each in chosen if (sample := _sample(store, each))]
    if not samples:
        what = "pinned conversation" if pinned else "conversation"
        raise UsageError(
            f"No {what} with a whole reply is found for {query!r}; try "
            "`genesis-chat history search` first."
        )
    return samples


def _sample(store: Store, conversation: Conversation) -> Sample | None:
    """The branch that is shown, if a reply in it is whole."""
    messages: list[Message] = []
    if conversation.system:
        messages.append(Message("system", conversation.system))
    question = None
    for each in store.branch(conversation.id):
        if each.role == "user":
            question = each.content
        elif question is not None and each.content.strip():
            if each.status != "complete":
                break
            messages += [Message("user", question), Message("assistant", each.content)]
            question = None
    if messages[-1:] and messages[-1].role == "assistant":
        learnt = tuple(message.role == "assistant" for message in messages)
        title = conversation.title or conversation.id[:8]
        return Sample(f'"{title}" in the history', tuple(messages), learnt)
    return None
