"""Thoughts in the history: kept as they came, and older files are as good as before."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from older_history import to_first_schema

from genesis_chat.history import (
    NewConversation,
    NewMessage,
    Store,
    StoredMessage,
)
from genesis_chat.history.recovery import _save
from genesis_chat.history.thoughts import measured


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A history of the first schema, with a question and its reply."""
    path = tmp_path / "older.sqlite3"
    said = [NewMessage("user", "said A", None), NewMessage("assistant", "said B", 0)]
    with Store.open(path) as store:
        store.insert([NewConversation("t", "", said)])
    to_first_schema(path)
    return path


def messages(store: Store) -> list[StoredMessage]:
    (conversation,) = store.conversations()
    return store.messages(conversation.id)


def test_older_files_open_whole(older: Path) -> None:
    with Store.open(older) as store:
        assert [(m.content, m.status, m.thought) for m in messages(store)] == [
            ("said A", "complete", ""),
            ("said B", "complete", ""),
        ]
        assert store.check() == []


def test_older_files_can_be_saved_when_they_are_damaged(older: Path) -> None:
    target = older.with_name("history.sqlite3")
    assert _save(older, target) == (2, 2, 0)
    with Store.open(target) as store:
        assert [m.content for m in messages(store)] == ["said A", "said B"]
        assert store.check() == []


def test_a_changed_thought_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    said = [
        NewMessage("user", "Hi", None),
        NewMessage("assistant", "Yes.", 0, thought="Hm \0\ud800"),
    ]
    with Store.open(path) as store:
        (conversation,) = store.insert([NewConversation("t", "", said)])
        reply = store.messages(conversation.id)[1]
        assert reply.thought == "Hm \ufffd\ufffd"
    for value in ("No", ""):
        with closing(sqlite3.connect(path, isolation_level=None)) as file:
            file.execute("UPDATE message SET thought = ? WHERE thought != ''", (value,))
        with Store.open(path) as store:
            assert store.message(reply.id).status == "damaged"
            assert len(store.check()) == 1


@pytest.mark.parametrize(
    ("seconds", "tokens", "said"),
    [
        (None, 0, "Thought"),
        (0.01, 1, "Thought for 0.1 s, 1 token"),
        (0.96, 12, "Thought for 1 s, 12 tokens"),
        (3.4, 120, "Thought for 3 s, 120 tokens"),
        (59.7, 0, "Thought for 1 min 0 s"),
        (None, 1234, "Thought 1,234 tokens"),
    ],
)
def test_how_long_a_thought_was_is_told(
    seconds: float | None, tokens: int, said: str
) -> None:
    assert measured(seconds, tokens) == said
