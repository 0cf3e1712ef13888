"""Files with more than one thing in them: others' chats and ours, several talks."""

import json
from pathlib import Path

import pytest
from exchanged import conversation, exported_text, turns
from foreign_exports import FOREIGN, read

from genesis_chat.history import HistoryError

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
