"""A byte that is no longer UTF-8: it is shown as U+FFFD, and all the rest as it was."""

import io
from pathlib import Path

import pytest

from genesis_chat.history import NewConversation, NewMessage, Store
from genesis_chat.history.connection import read_only
from genesis_chat.history.exchange import export_json, export_markdown
from genesis_chat.history.health import problems

WORDS = {"title": "Quetzal", "system": "Zygote", "content": "Kwyjibo"}


def damaged(path: Path, word: str) -> None:
    """A history in which that word's first byte has its highest bit set."""
    with Store.open(path) as store:
        said = [
            NewMessage("user", "Why?", None),
            NewMessage("assistant", f"{WORDS['content']} says so.", 0),
        ]
        new = NewConversation(f"{WORDS['title']} x", f"{WORDS['system']} y", said)
        whole = NewConversation("whole", "", [NewMessage("user", "It says.", None)])
        store.insert([new, whole])
    data = path.read_bytes()
    assert data.count(word.encode()) == 1
    path.write_bytes(data.replace(word.encode(), b"\xff" + word[1:].encode()))


@pytest.mark.parametrize("field", WORDS)
def test_what_is_no_text_is_shown_as_such(field: str, path: Path) -> None:
    word = WORDS[field]
    damaged(path, word)
    with Store.open(path) as store:
        whole, odd = store.conversations()
        assert whole.title == "whole"
        first, second = store.messages(odd.id)
        shown = {"title": odd.title, "system": odd.system, "content": second.content}
        for name, expected in WORDS.items():
            begins = f"\ufffd{word[1:]}" if name == field else expected
            assert shown[name].startswith(begins)
        assert first.status == "complete"
        assert second.status == ("damaged" if field == "content" else "complete")
        assert len(store.search("says")) == 2
        for export in (export_json, export_markdown):
            export([(odd, store.messages(odd.id))], io.StringIO())
        told = store.check()
        assert any((second if field == "content" else odd).id in each for each in told)
        # And on it goes.
        store.rename(odd.id, "other")
        store.add(odd.id, "user", "more", parent=second.id)
        assert [m.content for m in store.branch(odd.id)][-1] == "more"
    with read_only(path) as connection:
        assert any("checksum mismatch" in each for each in problems(connection))
