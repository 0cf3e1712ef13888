"""Conversations as trees: what is stored comes back, and nothing is overwritten."""

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from genesis_chat.history import (
    Conversation,
    HistoryError,
    NewConversation,
    NewMessage,
    Receipt,
    Store,
    health,
    index,
)
from genesis_chat.history.connection import read_only

RECEIPT = Receipt(
    model="builtin",
    model_sha256="ab" * 32,
    settings={"temperature": 0.7, "top_k": 50},
    seed=2**32 - 1,
    prompt_tokens=30,
    prefilled_tokens=12,
    reply_tokens=3,
    seconds_to_first_token=0.25,
    tokens_per_second=None,
    finish_reason="stop",
)
ODD_TEXTS = [
    "",
    " \n\t",
    "e\u0301 \U0001f468\u200d\U0001f469",
    "<|im_end|>",
    "'; --",
    "%_",
]


def exchange(store: Store, conversation: Conversation, text: str) -> tuple[str, str]:
    """A question and its answer, under the head; their ids."""
    head = store.find(conversation.id).head
    question = store.add(conversation.id, "user", text, parent=head)
    writer = store.begin_reply(conversation.id, parent=question.id)
    writer.append(f"re: {text}", (1, 2, 3))
    writer.finish("complete", RECEIPT)
    return question.id, writer.id


def test_a_conversation_comes_back_as_it_was(path: Path) -> None:
    with Store.open(path) as store:
        conversation = store.create(system="Be kind.")
        exchange(store, conversation, "Hello, how are you?")
        exchange(store, conversation, "Fine.")
    with Store.open(path) as store:
        (found,) = store.conversations()
        assert (found.system, found.messages) == ("Be kind.", 4)
        assert found.title == "Hello, how are you?"
        branch = store.branch(found.id)
        assert [m.role for m in branch] == ["user", "assistant"] * 2
        assert [m.content for m in branch][:2] == [
            "Hello, how are you?",
            "re: " + found.title,
        ]
        assert branch[1].receipt == RECEIPT
        assert branch[1].token_ids == (1, 2, 3)
        assert {m.status for m in branch} == {"complete"}
        assert store.check() == []


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_every_text_is_kept(text: str, store: Store) -> None:
    conversation = store.create(title=text, system=text)
    message = store.add(conversation.id, "user", text, parent=None)
    assert store.message(message.id).content == text
    assert store.find(conversation.id).system == text
    assert store.check() == []


def test_what_cannot_be_stored_is_replaced(store: Store) -> None:
    conversation = store.create()
    message = store.add(conversation.id, "user", "a\0b\ud800c", parent=None)
    assert message.content == "a\ufffdb\ufffdc"
    assert store.message(message.id) == message


def test_regenerated_and_edited_turns_are_siblings(store: Store) -> None:
    conversation = store.create()
    question, first = exchange(store, conversation, "Tell me a joke.")
    writer = store.begin_reply(conversation.id, parent=question)
    writer.append("Another one.")
    writer.finish("complete")
    assert [m.id for m in store.branch(conversation.id)] == [question, writer.id]
    assert [m.id for m in store.branch(conversation.id, first)] == [question, first]
    edited = store.add(conversation.id, "user", "Tell me a story.", parent=None)
    assert [m.id for m in store.branch(conversation.id)] == [edited.id]
    assert len(store.messages(conversation.id)) == 4
    store.select(conversation.id, first)
    assert [m.id for m in store.branch(conversation.id)] == [question, first]


def test_messages_of_another_conversation_are_no_parents(store: Store) -> None:
    one, other = store.create(), store.create()
    question, _ = exchange(store, one, "Hello")
    for action in (
        lambda: store.add(other.id, "user", "x", parent=question),
        lambda: store.begin_reply(other.id, parent=question),
        lambda: store.select(other.id, question),
        lambda: store.add("nothing", "user", "x", parent=None),
    ):
        with pytest.raises(HistoryError):
            action()
    assert store.messages(other.id) == []


def test_order_does_not_depend_on_the_clock(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that goes backwards, as after a journey or an empty battery."""
    times = iter(range(10**12, 0, -(10**9)))
    monkeypatch.setattr("genesis_chat.history.store.now", lambda: next(times))
    monkeypatch.setattr("genesis_chat.history.rows.now", lambda: next(times))
    conversations = [store.create(title=str(n)) for n in range(5)]
    assert [c.title for c in store.conversations()] == ["4", "3", "2", "1", "0"]
    for n in range(3):
        exchange(store, conversations[1], str(n))
    latest = store.latest()
    assert latest is not None and latest.title == "1"
    contents = [m.content for m in store.branch(conversations[1].id)]
    assert contents == ["0", "re: 0", "1", "re: 1", "2", "re: 2"]


def test_ids_are_found_by_their_beginning(store: Store) -> None:
    one = store.create(title="one")
    store.create(title="two")
    assert store.find(one.id) == store.find(one.id.lower()) == one
    with pytest.raises(HistoryError, match="Several"):
        store.find(one.id[:4])
    for prefix in ("", "abc", "%%%%", "ZZZZZZ", "'; DROP"):
        with pytest.raises(HistoryError, match=r"id"):
            store.find(prefix)


def test_the_trash(store: Store) -> None:
    one, two = store.create(title="one"), store.create(title="two")
    exchange(store, one, "green birds")
    store.delete(one.id)
    assert [c.id for c in store.conversations()] == [two.id]
    assert [c.id for c in store.conversations(deleted=True)] == [one.id]
    assert store.search("birds") == []
    with pytest.raises(HistoryError):
        store.find(one.id)
    assert store.purge(0) == 0
    store.restore(one.id)
    assert len(store.search("birds")) == 2
    store.delete(one.id)
    assert store.purge(2**62) == 1
    assert store.conversations(deleted=True) == []
    assert store.check() == []
    assert store.stats()["messages"] == 0


def test_what_was_begun_goes_with_what_is_deleted_for_good(store: Store) -> None:
    gone, stays = store.create(title="gone"), store.create(title="stays")
    places = ("", "unsent", gone.id, f"{gone.id}#folds", stays.id, f"{stays.id}#1")
    store.set_drafts({place: f"draft {place}" for place in places})
    store.delete(gone.id)
    assert store.draft(gone.id)
    store.purge(2**62)
    left = [place for place in places if store.draft(place)]
    assert left == ["", "unsent", stays.id, f"{stays.id}#1"]
    # What is written there later belongs to nothing.
    store.set_draft("late", gone.id)
    assert sorted(store.drafts_beside()) == sorted(
        [
            (gone.id, "late", None),
            (f"{stays.id}#1", f"draft {stays.id}#1", stays.id),
            ("unsent", "draft unsent", None),
        ]
    )


def test_search(store: Store) -> None:
    conversation = store.create()
    exchange(store, conversation, "The café near the old bridge")
    exchange(store, conversation, 'He said "hello-world" OR NOT*')
    for text, count in (
        ("cafe", 2),
        ("CAFÉ bridge", 2),
        ("bridge hello", 0),
        ("hello-world", 2),
        ('"hello', 2),
        ("NOT*", 2),
        ("caf", 0),
        ("near: (", 2),
    ):
        assert len(store.search(text)) == count, text
    (hit, *_) = store.search("bridge", limit=1)
    assert hit.conversation.id == conversation.id and "bridge" in hit.snippet
    for empty in ("", " ", '"'):
        with pytest.raises(HistoryError, match="search"):
            store.search(empty)


def test_search_finds_words_in_scripts_without_spaces(store: Store) -> None:
    conversation = store.create()
    exchange(store, conversation, "Hi, 我的名字是王小明。住在北京。 " + "x" * 200)
    exchange(store, conversation, "私は東京に住んでいます")
    exchange(store, conversation, "ผมชื่อสมชาย 100%_")
    for text, count in (
        ("小明", 2),
        ("hi 北京", 2),
        ("東京", 2),
        ("住", 4),
        ("สมชาย", 2),
        ('"สมชาย %_', 2),
        ("大阪", 0),
        ("小明 東京", 0),
    ):
        assert len(store.search(text)) == count, text
    hit = store.search("北京")[0]
    assert "北京" in hit.snippet and len(hit.snippet) < 100
    trashed = store.create()
    exchange(store, trashed, "東京")
    store.delete(trashed.id)
    assert len(store.search("東京")) == 2


def test_search_follows_every_change(store: Store) -> None:
    conversation = store.create()
    question = store.add(conversation.id, "user", "first", parent=None)
    writer = store.begin_reply(conversation.id, parent=question.id)
    writer.append("uno ")
    writer.flush()
    assert len(store.search("uno")) == 1
    writer.append("due")
    writer.finish("complete")
    assert [h.message.content for h in store.search("uno due")] == ["uno due"]
    assert store.check() == []


def test_imports_are_all_or_nothing(store: Store) -> None:
    good = NewConversation(
        "good",
        "",
        [
            NewMessage("user", "q", None, created=5),
            NewMessage("assistant", "a", 0, receipt=RECEIPT, token_ids=(7,)),
            NewMessage("assistant", "b", 0),
        ],
        head=1,
    )
    (conversation,) = store.insert([good])
    assert [m.content for m in store.branch(conversation.id)] == ["q", "a"]
    assert len(store.messages(conversation.id)) == 3
    bad = NewConversation("bad", "", [NewMessage("user", "q", 3)])
    with pytest.raises(LookupError):
        store.insert([good, bad])
    assert len(store.conversations()) == 1
    assert store.check() == []


def test_a_changed_text_is_noticed(store: Store, path: Path) -> None:
    conversation = store.create()
    question, reply = exchange(store, conversation, "Hello")
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE message SET content = 'Hullo' WHERE id = ?", (question,))
    assert store.message(question).status == "damaged"
    assert store.message(reply).status == "complete"
    assert question in store.check()[0]


def test_the_index_is_checked_where_nothing_can_be_written(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange(store, store.create(), "Hello")
    with read_only(path) as connection:
        assert Store(path, connection).check() == []
        monkeypatch.setattr(health, "LARGEST_COPY", 0)
        (problem,) = Store(path, connection).check()
        assert "could not be checked" in problem
    monkeypatch.undo()
    with closing(sqlite3.connect(path)) as other, other:
        index.remove(other, 1, "Hello")
    before = path.read_bytes()
    with read_only(path) as connection:
        (problem,) = Store(path, connection).check()
    assert "does not agree" in problem and store.check() == [problem]
    assert path.read_bytes() == before


def test_only_the_owner_can_read_it(path: Path) -> None:
    before = os.umask(0)
    try:
        with Store.open(path) as store:
            conversation = store.create()
            question = store.add(conversation.id, "user", "secret", parent=None)
            writer = store.begin_reply(conversation.id, parent=question.id)
            modes = [p.stat().st_mode for p in path.parent.iterdir()]
            writer.finish("complete")
            store.backup(path.with_name("backup.sqlite3"))
        modes += [p.stat().st_mode for p in path.parent.iterdir()]
    finally:
        os.umask(before)
    assert {stat.S_IMODE(mode) for mode in modes} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_backups_open(store: Store, path: Path) -> None:
    conversation = store.create()
    exchange(store, conversation, "Hello")
    target = path.with_name("copy.sqlite3")
    store.backup(target)
    with Store.open(target) as copy:
        assert copy.branch(conversation.id) == store.branch(conversation.id)
        assert copy.check() == []
    with pytest.raises(HistoryError, match="exists"):
        store.backup(target)
    with pytest.raises(HistoryError, match="Could not back up"):
        store.backup(path / "nowhere" / "copy.sqlite3")


def test_a_deleted_message_goes_with_what_follows_and_comes_back(store: Store) -> None:
    id = store.create().id
    one = store.add(id, "user", "one", parent=None)
    two = store.add(id, "assistant", "two", parent=one.id)
    other = store.add(id, "assistant", "other", parent=one.id)
    three = store.add(id, "user", "three", parent=two.id)
    gone = store.delete_message(two.id)
    assert gone == [two.id, three.id]
    assert [m.id for m in store.messages(id)] == [one.id, other.id]
    assert [m.id for m in store.branch(id)] == [one.id, other.id]
    assert store.search("one") and not store.search("three")
    assert store.find(id).messages == 2
    store.restore_messages(gone)
    assert [m.content for m in store.branch(id)] == ["one", "two", "three"]
    assert store.search("three")
    assert store.delete_message(one.id) == [one.id, two.id, other.id, three.id]
    assert store.branch(id) == [] and store.find(id).head is None
    assert store.check() == []


def test_what_an_interface_keeps(store: Store) -> None:
    first, second = store.create(), store.create()
    store.pin(first.id, True)
    store.set_settings(first.id, {"temperature": 0.0, "top_k": 3})
    store.set_system(first.id, "Be brief.")
    store.set_draft("begun", first.id)
    store.set_draft("new\0")
    with Store.open(store.path) as other:
        found = other.find(first.id)
        assert found.pinned and not other.find(second.id).pinned
        assert found.settings == {"temperature": 0.0, "top_k": 3}
        assert found.system == "Be brief."
        assert (other.draft(first.id), other.draft()) == ("begun", "new\ufffd")
        assert other.draft(second.id) == ""
    assert store.check() == []


def test_questions_are_recalled_the_last_first_and_once(store: Store) -> None:
    id = store.create().id
    for text in ("one", "two", "one"):
        store.add(id, "user", text, parent=None)
    store.add(id, "assistant", "reply", parent=None)
    assert store.questions() == ["one", "two"]


def test_the_newest_branch_through_a_message(store: Store) -> None:
    id = store.create().id
    one = store.add(id, "user", "one", parent=None)
    two = store.add(id, "assistant", "two", parent=one.id)
    three = store.add(id, "user", "three", parent=two.id)
    other = store.add(id, "assistant", "other", parent=one.id)
    assert store.latest_leaf(id, one.id) == other.id
    assert store.latest_leaf(id, two.id) == three.id
    with pytest.raises(HistoryError):
        store.latest_leaf(store.create().id, one.id)
