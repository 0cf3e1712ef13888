"""Messages as a tree, whatever order a file has them in."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from ..records import Conversation, StoredMessage
from .checked import Refused, shown


def in_order(
    parents: Mapping[str, str | None],
    place: str,
    ranks: Mapping[str, int] | None = None,
) -> list[str]:
    """Ids with every parent before its children; else by rank, then as they came.

    Raises `Refused` if a parent is missing or its own descendant.
    """
    children: defaultdict[str | None, list[tuple[int, int, str]]] = defaultdict(list)
    for number, (id, parent) in enumerate(parents.items()):
        if parent is not None and parent not in parents:
            raise Refused(
                f"a message of {place} follows {shown(parent)}, which is not there"
            )
        children[parent].append(((ranks or {}).get(id, 0), number, id))
    ready = children[None]
    heapq.heapify(ready)
    found = []
    while ready:
        id = heapq.heappop(ready)[-1]
        found.append(id)
        for child in children.get(id, ()):
            heapq.heappush(ready, child)
    if len(found) < len(parents):
        raise Refused(f"messages of {place} follow each other in a circle")
    return found


def mended(parents: Mapping[str, str | None]) -> dict[str, str | None]:
    """The parents without those that are missing, and with every circle cut open."""
    found = {id: p if p in parents else None for id, p in parents.items()}
    done: set[str] = set()
    for start in found:
        above: set[str] = set()
        id: str | None = start
        while id is not None and id not in done and id not in above:
            above.add(id)
            id = found[id]
        if id is not None and id in above:
            found[id] = None
        done |= above
    return found


def related(
    parents: Mapping[str, str | None], children: Mapping[str, Iterable[str | None]]
) -> tuple[dict[str, str | None], dict[str, int]]:
    """Each message's parent, and its place among its siblings.

    Some files tell only the children, or take a message out and leave its id with the
    one before it: an id that is nobody's gets a parent too.
    """
    found = dict(parents)
    ranks: dict[str, int] = {}
    for id, below in children.items():
        for rank, child in enumerate(below):
            if child is None or child == id:
                continue
            told = found.get(child)
            if told is None or told == id or told not in parents:
                found[child], ranks[child] = id, rank
    return found, ranks


def rejoined(
    parents: Mapping[str, str | None],
    told: Mapping[str, str | None],
    moments: Mapping[str, int | None],
) -> dict[str, str | None]:
    """The parents, with what followed a missing message behind what came before that.

    `parents` are mended, `told` are those in the file. `moments` has the messages with
    their times; where one has none, all go by their order. Whatever has the missing
    parent of the first message begins the conversation, as that does.
    """
    found = dict(parents)
    timed = None not in moments.values()
    order = {
        id: ((moment or 0) if timed else 0, number)
        for number, (id, moment) in enumerate(moments.items())
    }
    behind: dict[str | None, str | None] = {}
    last: str | None = None
    joined: set[str] = set()
    for id in sorted(order, key=order.__getitem__):
        root = id
        while root not in joined:
            joined.add(root)
            above = parents[root]
            if above is None:
                missing = told[root]
                if missing is not None and missing not in parents:
                    found[root] = behind.setdefault(missing, last)
                break
            root = above
        last = id
    return found


def selected(
    conversation: Conversation, messages: Sequence[StoredMessage]
) -> list[StoredMessage]:
    """The branch that is shown: the messages from the first one to the head."""
    by_id = {message.id: message for message in messages}
    branch: list[StoredMessage] = []
    # Taken out as they come: a damaged history may have a circle.
    message = by_id.pop(conversation.head or "", None)
    while message is not None:
        branch.append(message)
        message = by_id.pop(message.parent or "", None)
    return branch[::-1]
