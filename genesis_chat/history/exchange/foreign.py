"""Conversations of other programs: which kind one is, is seen from its structure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..records import NewConversation
from . import chatgpt, claude, librechat, open_webui, plain
from .json_values import LISTS, Damaged, End
from .left_out import LeftOut, Place, Unreadable, named
from .loose import first_text, identity, mapping
from .native import FORMAT


@dataclass(frozen=True)
class Kind:
    """A program's way to write a conversation."""

    matches: Callable[[dict[str, Any]], bool]
    read: Callable[[dict[str, Any], Place], NewConversation]


# In this order: what is plain has the fewest signs of its own.
KINDS = {
    "chatgpt": Kind(chatgpt.is_conversation, chatgpt.read),
    "claude": Kind(claude.is_conversation, claude.read),
    "open-webui": Kind(open_webui.is_conversation, open_webui.read),
    "librechat": Kind(librechat.is_conversation, librechat.read),
    "plain": Kind(plain.is_conversation, plain.read),
}
# By these the messages of several conversations are told apart.
_TALKS = ("conversation_id", "conversationId", "session_id", "chat_id")
# So many may go on by turns: what is finished needs no memory.
OPEN_TALKS = 1000


class OursError(Exception):
    """The values are of our own format, which is read strictly."""


@dataclass
class Foreign:
    """Iterates over the conversations among `values`; `kind` is a name of `KINDS`.

    What cannot be read goes to `left`; `known` and `unknown` count the values that
    were of a kind, and of none. Raises `OursError` while none was of a kind.
    """

    left: LeftOut
    kind: str | None = None
    values: Iterable[Any] = ()
    known: int = 0
    unknown: int = 0
    _number: int = 0
    # Messages that came by themselves; the conversation of the last one is the last.
    _talks: dict[str | None, list[Any]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[NewConversation]:
        for value in self.values:
            if self._continues(value):
                yield from self._continued(value)
                continue
            yield from self._finished(0)
            if isinstance(value, End):
                self.left.early = self.left.early or value.early
                continue
            yield from self._each(value, 0)
        yield from self._finished(0)

    def fits(self, value: Any) -> bool:
        """Whether a value may stand beside those that came before."""
        if self._talks:
            return plain.is_message(value)
        return self._kind_of(value) is not None or plain.is_bare(value)

    def _continues(self, value: Any) -> bool:
        """Whether a value is a message by itself, or an odd one among such."""
        if isinstance(value, End | list) or self._kind_of(value):
            return False
        odd = self._talks and mapping(value).get("format") != FORMAT
        return bool(odd) or plain.is_message(value)

    def _continued(self, value: Any) -> Iterator[NewConversation]:
        """Take a message in; one that names no conversation is of the last one."""
        last = next(reversed(self._talks), None)
        id = _talk_of(mapping(value)) or last
        talk = self._talks[id] = self._talks.pop(id, [])
        talk.append(value)
        yield from self._finished(OPEN_TALKS)

    def _finished(self, open_: int) -> Iterator[NewConversation]:
        """All conversations but those that were gone on with last."""
        while len(self._talks) > open_:
            id = next(iter(self._talks))
            yield from self._one({"messages": self._talks.pop(id), "id": id})

    def _each(self, value: Any, depth: int) -> Iterator[NewConversation]:
        """The conversations that one value holds."""
        if isinstance(value, list) and any(map(plain.is_message, value)):
            yield from self._one({"messages": value})
        elif isinstance(value, list) and depth < 2:
            for each in value:
                yield from self._each(each, depth + 1)
        elif isinstance(value, dict) and not self._kind_of(value) and depth < 2:
            if value.get("format") == FORMAT:
                self._ours()
                return
            lists = (value.get(name) for name in LISTS)
            inner = next((each for each in lists if isinstance(each, list)), None)
            if inner:
                yield from self._each(inner, depth + 1)
            else:
                yield from self._one(value)
        else:
            yield from self._one(value)

    def _ours(self) -> None:
        """A value of our own: all is, or it came between those of others."""
        if not self.known:
            raise OursError
        self._number += 1
        place = Place(named(self._number, ""), self.left)
        place.unreadable(
            "it is of this program's own format; import it in a file by itself"
        )

    def _kind_of(self, value: Any) -> Kind | None:
        fields = mapping(value)
        if fields.get("format") == FORMAT:
            return None
        kinds = KINDS.values() if self.kind is None else [KINDS[self.kind]]
        return next((kind for kind in kinds if kind.matches(fields)), None)

    def _one(self, value: Any) -> Iterator[NewConversation]:
        self._number += 1
        fields = mapping(value)
        title = first_text(fields, "title", "name")
        place = Place(named(self._number, title), self.left)
        if isinstance(value, Damaged):
            place.unreadable(value.reason)
            return
        kind = self._kind_of(value)
        if kind is None:
            self.unknown += 1
            place.unreadable("it has no recognisable messages")
            return
        self.known += 1
        try:
            conversation = kind.read(fields, place)
        except Unreadable as reason:
            place.unreadable(str(reason))
            return
        place.kept()
        if conversation.messages:
            yield conversation
        else:
            place.unreadable("it is empty")


def _talk_of(message: dict[str, Any]) -> str | None:
    ids = (identity(message.get(name)) for name in _TALKS)
    return next((id for id in ids if id), None)
