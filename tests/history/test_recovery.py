"""Damaged, foreign and newer files: kept, refused or saved, and never deleted."""

import hashlib
import os
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from genesis_chat.history import HistoryError, NewConversation, NewMessage, Store
from genesis_chat.history.recovery import Recovery

OVERWRITES = 1000
# So many of them in `make test`.
FEW = 200
WORDS = ["the", "green", "bird", "sings", "near", "an", "old", "house", "while"]


def text(rng: random.Random) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randint(5, 120)))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, dict[str, str]]:
    """A history of 400 messages: the file's bytes, and text by message id."""
    path = tmp_path_factory.mktemp("whole") / "history.sqlite3"
    rng = random.Random(1)
    with Store.open(path) as store:
        conversations = store.insert(
            [
                NewConversation(
                    f"number {n}",
                    "",
                    [
                        NewMessage(
                            "user" if i % 2 == 0 else "assistant", text(rng), i - 1
                        )
                        if i
                        else NewMessage("user", text(rng), None)
                        for i in range(20)
                    ],
                )
                for n in range(20)
            ]
        )
        messages = {
            message.id: message.content
            for conversation in conversations
            for message in store.messages(conversation.id)
        }
    return path.read_bytes(), messages


def content_of(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.is_file()
    }


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(seed, marks=[pytest.mark.slow] if seed >= FEW else [])
        for seed in range(OVERWRITES)
    ],
)
def test_random_overwrites(
    seed: int, whole: tuple[bytes, dict[str, str]], tmp_path: Path
) -> None:
    """No text comes back changed unnoticed, none that stood is lost, originals stay."""
    data, messages = whole
    rng = random.Random(seed)
    length = rng.choice([1, 8, 100, 1024, 4096])
    at = rng.randrange(len(data) - length)
    damaged = data[:at] + rng.randbytes(length) + data[at + length :]
    path = tmp_path / "history.sqlite3"
    path.write_bytes(damaged)
    found: list[Recovery] = []
    try:
        with Store.open(path, recovered=found.append) as store:
            problems = store.check()
            seen = {
                message.id: message
                for conversation in store.conversations()
                for message in store.messages(conversation.id)
            }
    except HistoryError as error:
        # Refused, with the file as it was: its identity is gone, or nothing reads.
        assert str(path) in str(error)
        assert path.read_bytes() == damaged or found
        return
    for recovery in found:
        assert recovery.original.read_bytes() == damaged
        assert recovery.saved <= recovery.found
    for id, message in seen.items():
        if message.content != messages.get(id):
            assert message.status == "damaged"
            assert found or any(id in problem for problem in problems)
    if not found and not problems:
        assert seen.keys() == messages.keys()


def test_what_can_be_read_is_saved(
    whole: tuple[bytes, dict[str, str]], tmp_path: Path
) -> None:
    """A page of the schema's root is gone; the messages' pages are not."""
    data, messages = whole
    path = tmp_path / "history.sqlite3"
    page = 4096
    with closing(sqlite3.connect(":memory:")) as memory:
        memory.deserialize(data)
        query = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
        (root,) = memory.execute(query, ("conversation",)).fetchone()
    at = (root - 1) * page
    path.write_bytes(data[:at] + bytes(page) + data[at + page :])
    found: list[Recovery] = []
    with Store.open(path, recovered=found.append) as store:
        (recovery,) = found
        assert recovery.saved == recovery.found == len(messages)
        assert recovery.changed == 0
        assert f"{len(messages)} of {len(messages)}" in str(recovery)
        assert store.check() == []
        seen = {
            message.id: message.content
            for conversation in store.conversations()
            for message in store.branch(conversation.id)
        }
    assert seen == messages


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_file_that_was_cut(
    share: float, whole: tuple[bytes, dict[str, str]], tmp_path: Path
) -> None:
    """As by a copy that ended early: what is there of it is saved."""
    data, messages = whole
    path = tmp_path / "history.sqlite3"
    cut = data[: int(len(data) * share)]
    path.write_bytes(cut)
    found: list[Recovery] = []
    with Store.open(path, recovered=found.append) as store:
        (recovery,) = found
        assert recovery.original.read_bytes() == cut
        # Some pages hold the index, or words of several messages.
        assert recovery.saved > len(messages) * share / 2
        assert recovery.found == len(messages) and store.check() == []
        seen = {
            message.id: message
            for conversation in store.conversations()
            for message in store.messages(conversation.id)
        }
    assert len(seen) == recovery.saved
    for id, message in seen.items():
        assert message.content == messages[id] or message.status == "damaged"
    # Nothing else is left behind.
    names = {file.name for file in tmp_path.iterdir()}
    assert all(name.startswith("history") for name in names)


@pytest.mark.parametrize("kind", ["text", "foreign", "newer", "older", "directory"])
def test_files_that_are_not_ours_are_refused_untouched(
    kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "history.sqlite3"
    match kind:
        case "text":
            path.write_text("not a database " * 500)
        case "directory":
            path.mkdir()
        case _:
            with closing(sqlite3.connect(path)) as other, other:
                other.execute("CREATE TABLE message (text)")
                if kind != "foreign":
                    other.execute(f"PRAGMA application_id={0x476E7373}")
                    version = 999 if kind == "newer" else -1
                    other.execute(f"PRAGMA user_version={version}")
    before = content_of(tmp_path)
    with pytest.raises(HistoryError, match=r"history\.sqlite3"):
        Store.open(path)
    assert content_of(tmp_path) == before


def test_an_empty_file_is_a_new_history(tmp_path: Path) -> None:
    """As a program leaves it that was killed before its first commit."""
    path = tmp_path / "history.sqlite3"
    path.touch()
    with Store.open(path) as store:
        assert store.conversations() == []
        assert store.check() == []


def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    path.symlink_to(path)
    with pytest.raises(HistoryError):
        Store.open(path)
    assert os.readlink(path) == str(path)


def test_a_schema_that_is_no_text(
    whole: tuple[bytes, dict[str, str]], tmp_path: Path
) -> None:
    """SQLite quotes what it cannot parse; that it is not UTF-8 is damage as well."""
    data, messages = whole
    path = tmp_path / "history.sqlite3"
    path.write_bytes(
        data.replace(b"CREATE TABLE message", b"CREATE \x9aTABL message", 1)
    )
    found: list[Recovery] = []
    with Store.open(path, recovered=found.append) as store:
        seen = [m for c in store.conversations() for m in store.messages(c.id)]
    assert found and len(seen) <= len(messages)
    assert all(messages[message.id] == message.content for message in seen)
