"""A history whose file is a symbolic link: it stays one, whatever happens to it."""

from pathlib import Path

import pytest

from genesis_chat.errors import HistoryError
from genesis_chat.history import Store
from genesis_chat.history.recovery import Recovery


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "synced"
    folder.mkdir()
    return folder / "chats.sqlite3"


@pytest.fixture
def link(tmp_path: Path, target: Path) -> Path:
    """A link through another one."""
    middle = tmp_path / "middle"
    middle.symlink_to(target)
    path = tmp_path / "home" / "history.sqlite3"
    path.parent.mkdir()
    path.symlink_to(middle)
    return path


def fill(path: Path) -> str:
    with Store.open(path) as store:
        conversation = store.create(title="Kept", system="")
        store.add(conversation.id, "user", "a word to find", parent=None)
        return conversation.id


def test_a_rescue_does_not_take_the_link_away(link: Path, target: Path) -> None:
    fill(link)
    data = bytearray(target.read_bytes())
    data[100:200] = bytes(100)
    target.write_bytes(data)
    told: list[Recovery] = []
    with Store.open(link, recovered=told.append) as store:
        assert store.conversations() == [] or told[0].found >= 0
        store.create(title="New", system="")
    assert len(told) == 1 and told[0].original.parent == target.parent
    assert link.is_symlink() and target.is_file() and not target.is_symlink()
    assert told[0].original.read_bytes() == bytes(data)
    # Nothing of it was left beside the link.
    assert [p.name for p in link.parent.iterdir()] == [link.name]
    with Store.open(target) as store:
        assert "New" in [c.title for c in store.conversations()]


def test_a_link_to_nothing_makes_the_file_there(link: Path, target: Path) -> None:
    id = fill(link)
    assert link.is_symlink() and target.is_file()
    assert target.stat().st_mode & 0o777 == 0o600
    with Store.open(target) as store:
        assert store.find(id).title == "Kept"


def test_a_link_to_a_folder_that_is_gone_makes_none(tmp_path: Path) -> None:
    """A disk that is not mounted must not be begun anew in its place."""
    path = tmp_path / "history.sqlite3"
    path.symlink_to(tmp_path / "disk" / "chats.sqlite3")
    with pytest.raises(HistoryError, match=r"history\.sqlite3 cannot be read"):
        Store.open(path)
    assert not (tmp_path / "disk").exists()


def test_a_circle_of_links_is_told(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    path.symlink_to(path)
    with pytest.raises(HistoryError, match="cannot be read"):
        Store.open(path)


def test_who_comes_by_the_link_leaves_the_others_reply_alone(
    link: Path, target: Path
) -> None:
    """Two programs, one of them with the file's own name."""
    id = fill(link)
    with Store.open(target) as writing:
        question = writing.branch(id)[-1]
        reply = writing.begin_reply(id, parent=question.id)
        reply.append("half a ", ())
        with Store.open(link) as other:
            assert other.message(reply.id).status == "writing"
        reply.append("word", ())
        reply.finish("complete")
    with Store.open(link) as other:
        assert other.message(reply.id).content == "half a word"
