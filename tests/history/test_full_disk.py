"""A full disk: a plain sentence, what was acknowledged is there, and on it goes."""

from pathlib import Path

import pytest

from genesis_chat.history import HistoryError, Store

# As if the disk were full: SQLite may not make the file any larger.
ROOMS = range(24)


@pytest.mark.parametrize("room", ROOMS)
def test_nothing_acknowledged_is_lost(room: int, path: Path) -> None:
    acknowledged: dict[str, str] = {}
    refused = 0
    with Store.open(path) as store:
        conversation = store.create()
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count={pages + room}")
        parent = None
        for number in range(60):
            text = f"message {number} " + "word " * 200
            try:
                parent = store.add(conversation.id, "user", text, parent=parent).id
                acknowledged[parent] = text
            except HistoryError as error:
                assert "could not be written" in str(error)
                refused += 1
        assert refused > 0
        # The store is still of use, and so is the file for others.
        assert len(store.branch(conversation.id)) == len(acknowledged)
    with Store.open(path) as store:
        messages = store.messages(conversation.id)
        assert {m.id: m.content for m in messages} == acknowledged
        assert store.check() == []
        store.add(conversation.id, "user", "room again", parent=parent)


@pytest.mark.parametrize("room", [1, 2, 4, 8])
def test_a_reply_keeps_what_was_flushed(room: int, path: Path) -> None:
    with Store.open(path) as store:
        conversation = store.create()
        question = store.add(conversation.id, "user", "q", parent=None)
        writer = store.begin_reply(conversation.id, parent=question.id)
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count={pages + room}")
        flushed = ""
        with pytest.raises(HistoryError, match="full"):
            while True:
                writer.append("word " * 500)
                writer.flush()
                flushed += "word " * 500
    with Store.open(path) as store:
        reply = store.message(writer.id)
        assert reply.content == flushed
        assert reply.status == "interrupted"
        assert store.check() == []


def test_an_import_that_does_not_fit_leaves_nothing(path: Path) -> None:
    from genesis_chat.history import NewConversation, NewMessage

    large = NewConversation("x", "", [NewMessage("user", "word " * 5000, None)])
    with Store.open(path) as store:
        store.insert([large])
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count={pages + 20}")
        with pytest.raises(HistoryError, match="full"):
            store.insert([large] * 10)
        assert len(store.conversations()) == 1
        assert store.check() == []
