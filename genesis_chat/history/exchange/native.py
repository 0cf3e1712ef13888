"""Reading our own JSON and JSON Lines."""

from collections.abc import Callable, Iterator
from typing import Any

from ...settings import is_seed
from ..merging import OURS
from ..records import NewConversation, NewMessage, Receipt, Status
from .checked import Fields, Refused, shown
from .parsing import parse
from .tree import in_order

FORMAT = "genesis-chat"
VERSION = 1
ROLES = ("user", "assistant")
STATUSES = ("complete", "writing", "interrupted", "failed", "damaged")
LARGEST_TOKEN_ID = 2**32 - 1


def read_json(text: str, note: Callable[[str], None]) -> list[NewConversation]:
    """The conversations of a JSON document; `note` is told of what was left out.

    Raises `Refused`.
    """
    document = Fields(parse(text), "the document")
    _check_version(document)
    odd: list[str] = []
    conversations = [
        _conversation(Fields(value, f"conversation {number}"), odd)
        for number, value in enumerate(document.items("conversations"), 1)
    ]
    _tell_seeds(odd, note)
    return conversations


def read_jsonl(text: str, note: Callable[[str], None]) -> list[NewConversation]:
    """The conversations of a JSON Lines file. Raises `Refused` with the line."""
    conversations = []
    odd: list[str] = []
    for number, line in _lines(text):
        place = f"line {number}"
        fields = Fields(parse(line, place, number), place)
        _check_version(fields)
        conversations.append(_conversation(fields, odd))
    _tell_seeds(odd, note)
    return conversations


def to_receipt(value: Any, place: str, odd: list[str]) -> Receipt:
    """A reply's receipt; its place joins `odd` if its seed is one no reply can have.

    Raises `Refused`.
    """
    fields = Fields(value, place)
    seed = fields.whole("seed") if "seed" in fields else None
    if seed is not None and not is_seed(seed):
        odd.append(place)
        seed = None
    return Receipt(
        model=fields.text("model"),
        model_sha256=fields.optional_text("model_sha256"),
        settings=fields.plain("settings"),
        seed=seed,
        prompt_tokens=fields.integer("prompt_tokens"),
        prefilled_tokens=fields.integer("prefilled_tokens"),
        reply_tokens=fields.integer("reply_tokens"),
        seconds_to_first_token=fields.number("seconds_to_first_token"),
        tokens_per_second=fields.number("tokens_per_second"),
        finish_reason=fields.text("finish_reason"),
        backend=fields.optional_text("backend"),
        dtype=fields.optional_text("dtype"),
        delta_rule=fields.flag("delta_rule"),
        thought_tokens=fields.integer("thought_tokens")
        if "thought_tokens" in fields
        else 0,
        thought_seconds=fields.number("thought_seconds"),
    )


def _tell_seeds(odd: list[str], note: Callable[[str], None]) -> None:
    if odd:
        note(
            f"Skipped out-of-range seeds (valid: 0 to 2^63 - 1): the seed in {odd[0]}"
            f"{f' and {len(odd) - 1} more' if len(odd) > 1 else ''}."
        )


def _check_version(fields: Fields) -> None:
    if fields.text("format") != FORMAT:
        raise Refused(f"{fields.place} is not of the format {FORMAT!r}")
    version = fields.integer("version")
    if version > VERSION:
        raise Refused(
            f"{fields.place} has version {version} of its format and this program "
            f"knows version {VERSION}",
            "update the program",
        )


def _conversation(fields: Fields, odd: list[str]) -> NewConversation:
    messages: dict[str, Fields] = {}
    for number, value in enumerate(fields.items("messages"), 1):
        message = Fields(value, f"message {number} of {fields.place}")
        id = message.text("id")
        if id in messages:
            raise Refused(f"{message.place} has the id of another, {shown(id)}")
        messages[id] = message
    parents = {id: m.optional_text("parent") for id, m in messages.items()}
    order = in_order(parents, fields.place)
    index = {id: number for number, id in enumerate(order)}
    head = fields.optional_text("head")
    if head is not None and head not in index:
        raise Refused(f"'head' of {fields.place} does not refer to any of its messages")
    return NewConversation(
        title=fields.text("title"),
        system=fields.text("system"),
        messages=tuple(_message(messages[id], index, parents[id], odd) for id in order),
        head=None if head is None else index[head],
        created=fields.time("created"),
        updated=fields.time("updated"),
        origin=f"{OURS}{fields.text('id')}" if "id" in fields else None,
    )


def _message(
    fields: Fields, index: dict[str, int], parent: str | None, odd: list[str]
) -> NewMessage:
    status: Status = "complete"
    if "status" in fields:
        status = fields.one_of("status", STATUSES)
    receipt = fields.mapping("receipt") if "receipt" in fields else None
    return NewMessage(
        role=fields.one_of("role", ROLES),
        content=fields.text("content"),
        parent=None if parent is None else index[parent],
        created=fields.time("created"),
        # Whoever wrote it is not writing here.
        status="interrupted" if status == "writing" else status,
        token_ids=fields.integers("token_ids", LARGEST_TOKEN_ID),
        receipt=None
        if receipt is None
        else to_receipt(receipt, f"the receipt of {fields.place}", odd),
        thought=fields.text("thought") if "thought" in fields else "",
    )


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, with their numbers; only a newline ends one."""
    number, start = 1, 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        line = text[start:end]
        if line.strip():
            yield number, line
        number, start = number + 1, end + 1
