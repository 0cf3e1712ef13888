"""One's own conversations as data."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from genesis_chat.errors import UsageError
from genesis_chat.history import NewConversation, NewMessage, Receipt, Store
from genesis_chat.training.data import divided, from_history


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Three conversations: one whole, one that was stopped, one without an answer."""
    store = Store.open(tmp_path / "history.db")
    said = [
        NewMessage("user", "Tell me about tides", None),
        NewMessage("assistant", "The moon pulls.", 0),
        NewMessage("user", "More", 1),
        NewMessage("assistant", "Twice a", 2, status="interrupted"),
    ]
    tides = NewConversation("Tides", "Be short.", said, head=3)
    other = [
        NewMessage("user", "Tides again", None),
        NewMessage("assistant", "First try", 0),
        NewMessage("assistant", "Second try", 0),
    ]
    again = NewConversation("", "", other, head=2)
    unanswered = [NewMessage("user", "tides?", None)]
    store.insert([tides, again, NewConversation("Open", "", unanswered, head=0)])
    yield store
    store.close()


def test_branches_that_are_shown_up_to_their_last_whole_reply(store: Store) -> None:
    found = {sample.messages for sample in from_history(store, "tides")}
    said = {tuple((m.role, m.content) for m in messages) for messages in found}
    assert said == {
        (
            ("system", "Be short."),
            ("user", "Tell me about tides"),
            ("assistant", "The moon pulls."),
        ),
        (("user", "Tides again"), ("assistant", "Second try")),
    }
    data = divided(from_history(store, ""), "the history")
    assert len(data.splits["train"]) == 2 and data.divided


def test_only_what_is_shown_is_searched_and_learnt(store: Store) -> None:
    # The first try is in no branch that is shown.
    with pytest.raises(UsageError, match="is found for 'first'"):
        from_history(store, "first")
    (sample,) = from_history(store, "second try")
    assert sample.turns[0].reply == "Second try"
    tides = next(c for c in store.conversations() if c.title == "Tides")
    store.delete(tides.id)
    assert len(from_history(store, "tides")) == 1


def test_cut_replies_are_read_but_not_learnt(store: Store) -> None:
    receipt = Receipt("m", None, {}, 0, 1, 1, 1, None, None, "length")
    said = [
        NewMessage("user", "Count", None),
        NewMessage("assistant", "1, 2", 0, receipt=receipt),
        NewMessage("user", "On", 1),
        NewMessage("assistant", "3.", 2, thought="After two."),
        NewMessage("user", "On", 3),
        NewMessage("assistant", " ", 4),
        NewMessage("user", "On", 5),
        NewMessage("assistant", "5.", 6),
    ]
    store.insert([NewConversation("Counting", "", said, head=7)])
    (sample,) = from_history(store, "counting")
    assert [(t.reply, t.learnt, t.thought) for t in sample.turns] == [
        ("1, 2", False, ""),
        ("3.", True, "After two."),
    ]


def test_pinned_ones_and_none(store: Store) -> None:
    for query, pinned in (("tides", True), ("nothing of it", False)):
        with pytest.raises(UsageError, match="conversation with a whole reply"):
            from_history(store, query, pinned=pinned)
    store.pin(next(c for c in store.conversations() if c.title == "Tides").id, True)
    (sample,) = from_history(store, "tides", pinned=True)
    assert sample.place == '"Tides" in the history'
    assert from_history(store, "is:pinned") == [sample]
    assert from_history(store, "is:pinned moon") == [sample]
