"""Bringing conversations into a history from any number of sources."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ...errors import HistoryError
from ..merging import Merged
from ..records import NewConversation
from ..store import Store
from .reading import EXPECTED, UnknownKindError, read
from .sources import Source

# So much is one transaction: what an interruption costs at most.
BATCH_CONVERSATIONS, BATCH_CHARACTERS = 200, 2**20


@dataclass
class Imported:
    """What came of an import; `failed` sources and `passed` ones told nothing.

    `notes` are sentences about what was left out, `failed` ones about sources that
    could not be read, `passed` the names of files that hold no conversations and
    that nobody asked for.
    """

    merged: Merged = field(default_factory=Merged)
    notes: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)


def bring_in(
    store: Store,
    sources: Iterable[Source],
    format: str | None = None,
    *,
    again: bool = False,
    progress: Callable[[int], None] = lambda bytes_read: None,
    imported: Imported | None = None,
) -> Imported:
    """Add what is new in some sources; see `read` and `Store.merge`.

    Our own formats are added all or none, those of others in parts: an interruption
    leaves whole conversations, and a second run adds the others. `progress` is told
    how many bytes are read, `imported` is kept up to date meanwhile. Raises
    `UsageError` for an unknown format, `HistoryError` where the history cannot be
    written.
    """
    imported = imported or Imported()
    try:
        _bring_in_all(store, list(sources), format, again, progress, imported)
    finally:
        if imported.merged.changed:
            store.order(set(imported.merged.changed))
    merged = imported.merged
    found = merged.added or merged.grown or merged.known
    if imported.passed and not found and not imported.failed:
        imported.failed.append(
            f"{imported.passed[0]} has no conversations of a kind that is known, nor "
            f"has anything beside it; what can be read is {EXPECTED}."
        )
    return imported


def _bring_in_all(
    store: Store,
    sources: Sequence[Source],
    format: str | None,
    again: bool,
    progress: Callable[[int], None],
    imported: Imported,
) -> None:
    before = 0
    for source in sources:

        def told(bytes_read: int, start: int = before) -> None:
            progress(start + bytes_read)

        _bring_in(store, source, format, again, told, imported, len(sources) > 1)
        before += source.size
        progress(before)


def _bring_in(
    store: Store,
    source: Source,
    format: str | None,
    again: bool,
    progress: Callable[[int], None],
    imported: Imported,
    several: bool,
) -> None:
    try:
        reading = read(source, format, progress=progress)
    except HistoryError as error:
        _failed(source, error, imported)
        return
    try:
        whole, parts = reading.strict, _parts(reading.conversations)
        for part in [list(reading.conversations)] if whole else parts:
            imported.merged.add(store.merge(part, again=again))
    finally:
        imported.notes += reading.sentences(several=several)


def _failed(source: Source, error: HistoryError, imported: Imported) -> None:
    if isinstance(error, UnknownKindError) and not source.asked:
        imported.passed.append(source.name)
    else:
        imported.failed.append(str(error))


def _parts(
    conversations: Iterator[NewConversation],
) -> Iterator[list[NewConversation]]:
    part: list[NewConversation] = []
    size = 0
    for conversation in conversations:
        part.append(conversation)
        size += sum(len(message.content) for message in conversation.messages)
        if len(part) >= BATCH_CONVERSATIONS or size >= BATCH_CHARACTERS:
            yield part
            part, size = [], 0
    if part:
        yield part
