"""A conversation from the nodes of another program's tree, however odd that is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..records import NewConversation, NewMessage, Receipt, Role, Status
from .left_out import Place
from .tree import in_order, mended, rejoined

ROLES = ("user", "assistant")
# In 1973, in milliseconds: what is less counts from somewhere, and is no date.
_FIRST_DATE = 10**11
_ENDS: dict[Status, str] = {"interrupted": "cancelled", "failed": "error"}


@dataclass(frozen=True)
class Node:
    """A place in a tree; without a `role` nothing is said there.

    `rank` orders it among its siblings, `created` is in milliseconds since 1970.
    `model` wrote it, or the program that it comes from; empty where nobody can tell.
    """

    parent: str | None = None
    role: str | None = None
    content: str = ""
    created: int | None = None
    status: Status = "complete"
    rank: int = 0
    model: str = ""


@dataclass(frozen=True)
class Branches:
    """Messages with parents before children, the shown one, and the system prompt."""

    messages: tuple[NewMessage, ...]
    head: int | None
    system: str


def branches(nodes: Mapping[str, Node], head: str | None, place: Place) -> Branches:
    """The messages of a tree.

    What follows a message that is missing goes behind what came before, a circle is
    cut open, and what nobody said is passed over. A system message is the prompt only
    before all others. A `head` that is not there gives way to the last message.
    """
    told = {id: node.parent for id, node in nodes.items()}
    moments = {id: n.created for id, n in nodes.items() if n.role in ROLES}
    parents = rejoined(mended(told), told, moments)
    ranks = {id: node.rank for id, node in nodes.items()}
    messages: list[NewMessage] = []
    # Each once, in order.
    prompts: dict[str, None] = {}
    # The message that stands for each node: itself, or the last one before it.
    nearest: dict[str | None, int | None] = {None: None}
    for id in in_order(parents, place.name, ranks):
        node = nodes[id]
        above = nearest[id] = nearest[parents[id]]
        if node.role in ROLES:
            role: Role = "user" if node.role == "user" else "assistant"
            nearest[id] = len(messages)
            receipt = None
            if role == "assistant" and node.model:
                receipt = receipt_of(node.model, node.status)
            messages.append(
                NewMessage(
                    role,
                    node.content,
                    above,
                    node.created,
                    node.status,
                    receipt=receipt,
                )
            )
        elif node.role == "system" and above is not None:
            place.kind("system messages after the first message")
        elif node.role == "system":
            prompts[node.content] = None
    shown = nearest.get(head) if head is not None else None
    if shown is None and messages:
        shown = max(range(len(messages)), key=lambda n: (messages[n].created or 0, n))
    return Branches(tuple(messages), shown, "\n\n".join(prompts))


def conversation(
    tree: Branches,
    *,
    title: str,
    system: str = "",
    created: int | None,
    updated: int | None,
    origin: str | None,
) -> NewConversation:
    """The conversation of a tree; `system` goes before the tree's own prompt.

    Where nobody noted when it began, was changed last, or a message was written, the
    other times tell: the first and the last of its messages, and its beginning.
    """
    noted = (m.created for m in tree.messages)
    times = [time for time in noted if time is not None and time >= _FIRST_DATE]
    began = min(times, default=None) if created is None else created
    messages = tuple(
        m if m.created is not None else replace(m, created=began) for m in tree.messages
    )
    return NewConversation(
        title,
        system or tree.system,
        messages,
        tree.head,
        began,
        max(times, default=began) if updated is None else updated,
        origin,
    )


def receipt_of(model: str, status: Status) -> Receipt:
    """What is known of a reply of which only its model is told."""
    return Receipt(
        model=" ".join(model.split()),
        model_sha256=None,
        settings={},
        seed=None,
        prompt_tokens=0,
        prefilled_tokens=0,
        reply_tokens=0,
        seconds_to_first_token=None,
        tokens_per_second=None,
        finish_reason=_ENDS.get(status, "stop"),
    )
