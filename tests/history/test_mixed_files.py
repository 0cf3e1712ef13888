"""Files with more than one thing in them: others' chats and ours, several talks."""

import json
from pathlib import Path

import pytest
from exchanged import conversation, exported_text, turns
from foreign_exports import FOREIGN, read

from genesis_chat.history import HistoryError, Store
from genesis_chat.history.exchange import bring_in, sources_in

TALK = {"messages": [{"role": "user", "content": "hi"}]}


def ours(form: str) -> str:
    many = [turns("Why?", "So."), turns("What?", "That.")]
    return exported_text(form, [(conversation(m, id=f"C{m}"), m) for m in many])


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_ours_behind_those_of_others(form: str, tmp_path: Path) -> None:
    """What comes before and behind it is read; it is named."""
    claude = json.dumps([FOREIGN["claude"]])
    plain = json.dumps([TALK])
    found, notes = read(tmp_path / "file", f"{claude}\n{ours(form)}\n{plain}")
    assert [len(one.messages) for one in found] == [3, 1]
    assert "this program's own format" in notes and "by itself" in notes


def test_ours_in_a_list_of_others(tmp_path: Path) -> None:
    value = json.loads(ours("json"))
    for values in ([TALK, value], [TALK, value, TALK], [TALK, [value], TALK]):
        found, notes = read(tmp_path / "file", values)
        assert len(found) == len(values) - 1
        assert "Skipped 1 conversation: conversation 2 (it is of this" in notes


def test_ours_before_those_of_others(tmp_path: Path) -> None:
    """It is read strictly, all or nothing."""
    for text in (f"{ours('json')}\n{json.dumps(TALK)}", f"[{ours('json')}]"):
        with pytest.raises(HistoryError, match="Cannot import"):
            read(tmp_path / "file", text)


def message(talk: str | None, role: str, said: str, name: str = "session_id") -> str:
    return json.dumps({name: talk, "role": role, "content": said})


NAMES = ["session_id", "conversation_id", "conversationId", "chat_id"]


@pytest.mark.parametrize("name", NAMES)
def test_talks_that_go_on_by_turns(name: str, tmp_path: Path) -> None:
    lines = [
        message(talk, role, f"{talk} {number} {role}", name)
        for number in range(3)
        for role in ("user", "assistant")
        for talk in "ab"
    ]
    for text in ("\n".join(lines), f"[{','.join(lines)}]"):
        found, notes = read(tmp_path / "file", text)
        assert not notes
        for talk, one in zip("ab", found, strict=True):
            assert [m.content[0] for m in one.messages] == [talk] * 6
            assert one.head == 5 and one.origin == f"list:{talk}"


def test_messages_that_name_no_talk_go_on_with_the_last(tmp_path: Path) -> None:
    lines = [
        message("a", "user", "1"),
        message(None, "assistant", "2"),
        message("b", "user", "3"),
        '{"level": "debug"}',
        message(None, "assistant", "4"),
        message("a", "user", "5"),
    ]
    found, notes = read(tmp_path / "file", "\n".join(lines))
    assert [[m.content for m in one.messages] for one in found] == [
        ["3", "4"],
        ["1", "2", "5"],
    ]
    assert "Skipped 1 message" in notes


def test_few_talks_are_kept_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genesis_chat.history.exchange.foreign.OPEN_TALKS", 2)
    lines = [message(talk, "user", talk) for talk in "abcabc"]
    found, _ = read(tmp_path / "file", "\n".join(lines))
    assert [one.messages[0].content for one in found] == list("abcabc")


def test_the_messages_of_librechat_s_database(tmp_path: Path) -> None:
    """As `mongoexport` writes them: one a line, or one list."""
    messages = [
        {
            "_id": {"$oid": f"{number}"},
            "messageId": f"{talk}{number}",
            "parentMessageId": f"{talk}{number - 1}" if number else None,
            "conversationId": talk,
            "isCreatedByUser": number % 2 == 0,
            "sender": "GPT-4" if number % 2 else "User",
            "text": f"{talk} {number}",
        }
        for number in range(4)
        for talk in "ab"
    ]
    for text in ("\n".join(map(json.dumps, messages)), json.dumps(messages)):
        found, notes = read(tmp_path / "file", text)
        assert [one.origin for one in found] == ["librechat:a", "librechat:b"]
        for one in found:
            assert [m.parent for m in one.messages] == [None, 0, 1, 2]
            assert [m.role for m in one.messages][:2] == ["user", "assistant"]
        assert not notes


def test_each_note_tells_which_file_it_is_of(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of a file whose name is a word in it; none is named twice."""
    monkeypatch.chdir(tmp_path)
    odd = json.dumps([TALK, {"messages": 7}])
    Path("a").write_text(odd)
    Path("message").write_text(odd)
    Path("b").write_bytes(json.dumps(TALK).replace("hi", "h\xe9").encode("latin-1"))
    names = ("a", "message", "b")
    found = [source for name in names for source in sources_in(Path(name))]
    notes = bring_in(store, found).notes
    assert [note.split(" ")[0] for note in notes[:2]] == ["a:", "message:"]
    assert notes[2].count(" b ") == 1 and not notes[2].startswith("b:")
    (alone,) = bring_in(store, found[:1]).notes
    assert alone == notes[0].removeprefix("a: ")
