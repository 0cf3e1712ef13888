"""The same file twice adds nothing; one that has grown adds what is new."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from exchanged import exported_text
from foreign_exports import FOREIGN, chatgpt, node

from genesis_chat.history import NewConversation, NewMessage, Store
from genesis_chat.history.exchange import Imported, bring_in, importing, sources_in


def take_in(store: Store, path: Path, content: Any, **options: Any) -> Imported:
    """What came of importing a file."""
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return bring_in(store, sources_in(path), **options)


def counts(imported: Imported) -> tuple[int, int, int, int]:
    merged = imported.merged
    assert not imported.failed
    return merged.added, merged.grown, merged.known, merged.messages


def talk(*said: str, **changes: Any) -> dict[str, Any]:
    """A conversation of a ChatGPT export, one branch."""
    nodes = [
        node(
            str(number),
            str(number - 1) if number else None,
            "assistant" if number % 2 else "user",
            text,
        )
        for number, text in enumerate(said)
    ]
    return chatgpt(*nodes, **changes)


def branch(store: Store) -> list[str]:
    latest = store.latest()
    assert latest is not None
    return [message.content for message in store.branch(latest.id)]


@pytest.mark.parametrize("kind", ["chatgpt", *FOREIGN])
def test_the_same_file_twice(kind: str, store: Store, tmp_path: Path) -> None:
    value = [talk("Why?", "So.") if kind == "chatgpt" else FOREIGN[kind]]
    first = counts(take_in(store, tmp_path / "a.json", value))
    assert first[:3] == (1, 0, 0)
    assert counts(take_in(store, tmp_path / "b.json", value)) == (0, 0, 1, 0)
    lines = "\n".join(map(json.dumps, value))
    assert counts(take_in(store, tmp_path / "c.jsonl", lines)) == (0, 0, 1, 0)
    again = counts(take_in(store, tmp_path / "a.json", value, again=True))
    assert again == first
    assert counts(take_in(store, tmp_path / "a.json", value)) == (0, 0, 1, 0)
    assert len(store.conversations()) == 2 and store.check() == []


@pytest.mark.parametrize("format", ["json", "jsonl", "markdown"])
def test_our_own_exports_twice(format: str, store: Store, tmp_path: Path) -> None:
    made = store.create(title="Birds", system="Be brief.")
    parent = None
    for role, text in [("user", "Why?"), ("assistant", "So.")]:
        parent = store.add(made.id, role, text, parent=parent).id  # type: ignore[arg-type]
    exported = [(store.find(made.id), store.messages(made.id))]
    text = exported_text(format, exported)
    assert counts(take_in(store, tmp_path / "a", text)) == (0, 0, 1, 0)
    with Store.open(tmp_path / "other.sqlite3") as other:
        assert counts(take_in(other, tmp_path / "a", text)) == (1, 0, 0, 2)
        assert counts(take_in(other, tmp_path / "a", text)) == (0, 0, 1, 0)


def test_a_conversation_that_has_grown(store: Store, tmp_path: Path) -> None:
    take_in(store, tmp_path / "a", [talk("one", "two"), talk("x", conversation_id="d")])
    grown = [talk("one", "two", "three", "four"), talk("x", conversation_id="d")]
    assert counts(take_in(store, tmp_path / "a", grown)) == (0, 1, 1, 2)
    assert branch(store) == ["one", "two", "three", "four"]
    assert counts(take_in(store, tmp_path / "a", grown)) == (0, 0, 2, 0)
    # An older export has nothing new.
    older = [talk("one", "two")]
    assert counts(take_in(store, tmp_path / "a", older)) == (0, 0, 1, 0)
    assert branch(store) == ["one", "two", "three", "four"]


def test_what_was_gone_on_with_here_stays_shown(store: Store, tmp_path: Path) -> None:
    take_in(store, tmp_path / "a", [talk("one", "two")])
    latest = store.latest()
    assert latest is not None
    store.add(latest.id, "user", "mine", parent=latest.head)
    store.rename(latest.id, "renamed")
    grown = [talk("one", "two", "three")]
    assert counts(take_in(store, tmp_path / "a", grown)) == (0, 1, 0, 1)
    assert branch(store) == ["one", "two", "mine"]
    found = store.find(latest.id)
    assert (found.title, found.messages) == ("renamed", 4)


def test_what_is_in_the_trash_is_not_there(store: Store, tmp_path: Path) -> None:
    take_in(store, tmp_path / "a", [talk("one", "two")])
    latest = store.latest()
    assert latest is not None
    store.delete(latest.id)
    assert counts(take_in(store, tmp_path / "a", [talk("one", "two")]))[0] == 1


def test_what_only_looks_the_same(store: Store, tmp_path: Path) -> None:
    """Other ids, other system prompts, one that is the beginning of another."""
    values = [talk("one", "two"), talk("one", "two", conversation_id="d")]
    assert counts(take_in(store, tmp_path / "a", values))[:3] == (2, 0, 0)
    lists = [
        [{"role": "user", "content": "Hi"}],
        [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}],
        [{"role": "system", "content": "x"}, {"role": "user", "content": "Hi"}],
    ]
    assert counts(take_in(store, tmp_path / "b", lists))[:3] == (3, 0, 0)
    # Numbers of rows are no ids: another file has the same ones.
    rows = [{"id": 0, "messages": lists[0]}, {"id": 1, "messages": lists[1]}]
    others = [{"id": 0, "messages": [{"role": "user", "content": "Other"}]}]
    assert counts(take_in(store, tmp_path / "c", rows))[:3] == (2, 0, 0)
    assert counts(take_in(store, tmp_path / "d", others))[:3] == (1, 0, 0)


def test_what_comes_in_stands_where_its_date_belongs(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list shows dates, and is in their order after an import as well."""
    values = [
        talk(str(n), conversation_id=str(n), update_time=1_700_000_000 - n)
        for n in range(5)
    ]
    moments = {"old": 1_600_000_000_000, "between": 1_699_999_997_500}
    for title, moment in moments.items():
        with monkeypatch.context() as patch:
            patch.setattr("genesis_chat.history.store.now", lambda m=moment: m)
            store.create(title=title)
    new = store.create(title="new")
    take_in(store, tmp_path / "a", values)
    names = [
        next((m.content for m in store.messages(c.id)), c.title)
        for c in store.conversations()
    ]
    assert names == ["new", "0", "1", "2", "between", "3", "4", "old"]
    times = [c.updated for c in store.conversations()]
    assert times == sorted(times, reverse=True)
    latest = store.latest()
    assert latest is not None and latest.id == new.id
    # Whoever goes on with one has it on top.
    third = store.conversations()[3]
    store.add(third.id, "user", "More", parent=third.head)
    assert store.conversations()[0].id == third.id


def test_what_was_gone_on_with_here_stays_the_latest(
    store: Store, tmp_path: Path
) -> None:
    value = talk("One", conversation_id="1", update_time=1_600_000_000)
    take_in(store, tmp_path / "a", [value])
    first = store.conversations()[0]
    store.add(first.id, "user", "Here", parent=first.head)
    here = store.conversations()[0].updated
    other = talk("Two", conversation_id="2", update_time=1_650_000_000)
    grown = talk("One", "More", conversation_id="1", update_time=1_600_000_001)
    take_in(store, tmp_path / "b", [grown, other])
    assert [c.updated for c in store.conversations()] == [here, 1_650_000_000_000]


def test_ours_is_added_whole_or_not_at_all(store: Store, tmp_path: Path) -> None:
    before = NewConversation("Kept", "", [NewMessage("user", "q", None)])
    store.insert([before])
    exported = [(c, store.messages(c.id)) for c in store.conversations()]
    text = exported_text("jsonl", exported) * 3
    path = tmp_path / "a.jsonl"
    path.write_text(text.replace('"q"', '"other"') + text[:-20])
    imported = bring_in(store, sources_in(path))
    assert len(imported.failed) == 1 and imported.merged.added == 0
    assert len(store.conversations()) == 1


def test_an_interruption_leaves_whole_conversations(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_CONVERSATIONS", 3)
    values = [talk("q", "a", "b", conversation_id=str(n)) for n in range(20)]
    path = tmp_path / "a"
    path.write_text(json.dumps(values))
    merge: Callable[..., Any] = store.merge
    calls = []

    def interrupted(part: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return merge(part, **options)

    monkeypatch.setattr(store, "merge", interrupted)
    imported = Imported()
    with pytest.raises(KeyboardInterrupt):
        bring_in(store, sources_in(path), imported=imported)
    assert imported.merged.added == len(store.conversations()) == 9
    assert {c.messages for c in store.conversations()} == {3}
    assert counts(bring_in(store, sources_in(path)))[:3] == (11, 0, 9)


KILLED = """
import os, signal, sys
from pathlib import Path
from genesis_chat.history import Store
from genesis_chat.history.exchange import bring_in, importing, sources_in

importing.BATCH_CONVERSATIONS = 2
left = int(sys.argv[3])
insert = Store._insert_messages

def killing(*arguments):
    global left
    left -= 1
    found = insert(*arguments)
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return found

Store._insert_messages = killing
with Store.open(Path(sys.argv[1])) as store:
    bring_in(store, sources_in(Path(sys.argv[2])))
"""


def test_a_kill_leaves_whole_conversations(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "a"
    values = [talk("q", "a", "b", conversation_id=str(n)) for n in range(9)]
    file.write_text(json.dumps(values))
    command = [sys.executable, "-c", KILLED, path, file, "6"]
    done = subprocess.run([*map(str, command)], env=dict(os.environ), timeout=60)
    assert done.returncode == -signal.SIGKILL
    with Store.open(path) as store:
        assert [c.messages for c in store.conversations()] == [3] * 4
        assert counts(bring_in(store, sources_in(file)))[:3] == (5, 0, 4)
        assert store.check() == []


@pytest.mark.parametrize("format", ["json", "jsonl", "markdown"])
@pytest.mark.parametrize("kind", ["chatgpt", "claude", "open-webui", "librechat"])
def test_an_import_that_was_exported_is_known(
    kind: str, format: str, store: Store, tmp_path: Path
) -> None:
    """Here and elsewhere, whichever of its two files comes first."""
    value = talk("Why?", "So.") if kind == "chatgpt" else FOREIGN[kind]
    take_in(store, tmp_path / "a", [value])
    exported = [(c, store.messages(c.id)) for c in store.conversations()]
    text = exported_text(format, exported)
    assert counts(take_in(store, tmp_path / "b", text)) == (0, 0, 1, 0)
    with Store.open(tmp_path / "other.sqlite3") as other:
        assert counts(take_in(other, tmp_path / "b", text))[:3] == (1, 0, 0)
        found = counts(take_in(other, tmp_path / "a", [value]))
        # Markdown has one branch of the two.
        assert found[0] == 0 and found[1] + found[2] == 1
        assert len(other.conversations()) == 1 and other.check() == []


def test_the_same_twice_here_stays_twice_elsewhere(
    store: Store, tmp_path: Path
) -> None:
    for again in (False, True):
        take_in(store, tmp_path / "a", [talk("Why?", "So.")], again=again)
    exported = [(c, store.messages(c.id)) for c in store.conversations()]
    text = exported_text("jsonl", exported)
    with Store.open(tmp_path / "other.sqlite3") as other:
        assert counts(take_in(other, tmp_path / "b", text))[:3] == (2, 0, 0)


def test_our_exports_keep_when_they_were_changed(store: Store, tmp_path: Path) -> None:
    for number in range(3):
        value = talk(
            str(number), conversation_id=str(number), update_time=1_700_000_500 - number
        )
        take_in(store, tmp_path / "a", [value])
    listed = [(c.title, c.created, c.updated) for c in store.conversations()]
    exported = [(c, store.messages(c.id)) for c in store.conversations()[::-1]]
    for format in ("json", "jsonl"):
        with Store.open(tmp_path / f"{format}.sqlite3") as other:
            take_in(other, tmp_path / "b", exported_text(format, exported))
            found = [(c.title, c.created, c.updated) for c in other.conversations()]
            assert found == listed
