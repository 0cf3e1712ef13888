"""Much of anything: the work grows with it, and not with its square."""

import io
import json
import re
import sqlite3
from collections.abc import Collection
from pathlib import Path

import pytest
from exchanged import conversation, exported_text, turns
from foreign_exports import chatgpt, node, read

from genesis_chat.history import HistoryError, Store, merging
from genesis_chat.history.exchange import (
    brackets,
    bring_in,
    canvas,
    controls,
    json_values,
    sources_in,
)


def test_many_files_are_put_in_order_once(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered: list[int] = []
    order = Store.order

    def counted(self: Store, changed: Collection[str]) -> None:
        ordered.append(len(changed))
        order(self, changed)

    monkeypatch.setattr(Store, "order", counted)
    (tmp_path / "in").mkdir()
    for number in (2, 1, 3):
        value = chatgpt(
            node("u", None, "user", "x"),
            conversation_id=str(number),
            update_time=1_000_000 + number,
        )
        (tmp_path / "in" / f"{number}.json").write_text(json.dumps(value))
    assert bring_in(store, sources_in(tmp_path / "in")).merged.added == 3
    assert ordered == [3]
    updated = [one.updated for one in store.conversations()]
    assert updated == sorted(updated, reverse=True)


def test_many_that_began_together(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only those that begin alike are compared as wholes."""
    compared: list[str] = []
    known = merging._known

    def counted(connection: sqlite3.Connection, row: sqlite3.Row) -> merging.Known:
        compared.append(row["id"])
        return known(connection, row)

    monkeypatch.setattr(merging, "_known", counted)
    talks = [
        {
            "created": 1_700_000_000,
            "messages": [
                {"role": "user", "content": f"{number // 2}"},
                {"role": "assistant", "content": f"reply {number}"},
            ],
        }
        for number in range(100)
    ]
    (tmp_path / "file").write_text(json.dumps(talks))
    merged = bring_in(store, sources_in(tmp_path / "file")).merged
    assert (merged.added, merged.known) == (100, 0) and len(compared) == 50
    merged = bring_in(store, sources_in(tmp_path / "file")).merged
    assert (merged.added, merged.known) == (0, 100) and len(compared) <= 250
    # Those that have grown are known, too.
    for talk in talks:
        talk["messages"] += [{"role": "user", "content": "more"}]  # type: ignore[operator]
    (tmp_path / "file").write_text(json.dumps(talks))
    merged = bring_in(store, sources_in(tmp_path / "file")).merged
    assert (merged.added, merged.grown) == (0, 100)


class Searched:
    """A pattern that tells how much it was to search."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern
        self.count = 0

    def search(self, text: str, start: int = 0, end: int = 2**62) -> object:
        self.count += min(end, len(text)) - start
        return self._pattern.search(text, start, end)


def test_many_damaged_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is looked for behind each is looked for there only."""
    searched = Searched(json_values._OBJECT)
    monkeypatch.setattr(json_values, "_OBJECT", searched)
    last = json.dumps(chatgpt(node("u", None, "user", "x")))
    text = f"[{'[1 2], ' * 1000}{last}]"
    found, notes = read(tmp_path / "file", text)
    assert len(found) == 1 and "Skipped 1 conversation" in notes
    assert 0 < searched.count < 100 * len(text)


def test_lines_of_anything_are_one_value_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the pieces that are read end."""
    talk = json.dumps({"messages": [{"role": "user", "content": "x"}]})
    text = f"{talk}\n{'one, or more, words' * 3}\n{'a, b: c' * 9}\n" * 20
    for size in (100, 333, 2**18):
        monkeypatch.setattr(json_values, "CHUNK", size)
        found, notes = read(tmp_path / "file", text)
        assert len(found) == 20 and "Skipped 40 conversations" in notes, size


@pytest.mark.parametrize("name", ["conversations", "chats", "data", "history", "items"])
@pytest.mark.parametrize("indent", [None, 1])
def test_a_long_list_in_an_object(
    name: str, indent: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read value by value, as one that stands by itself."""
    monkeypatch.setattr(json_values, "CHUNK", 1000)
    monkeypatch.setattr(json_values, "LARGE", 5000)
    items = [{"title": f'{number} ] " }}'} for number in range(1000)]
    rest = {"by": "me", "more": {name: [{"title": 1}]}}
    text = json.dumps({"version": 1, name: items, **rest}, indent=indent)
    text = f"{text}\n{json.dumps({'title': 'behind'})}\n"
    values = json_values.Values(io.StringIO(text).read)
    found = []
    for value in values:
        found.append(value)
        assert len(values._text) < 20_000
    assert [v for v in found if isinstance(v, dict)] == [*items, {"title": "behind"}]
    assert found.count(json_values.End()) == 2


def test_a_long_list_of_ours_is_read_strictly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_values, "CHUNK", 1000)
    monkeypatch.setattr(json_values, "LARGE", 2000)
    many = [turns("Why? " * 99, "So. " * 99) for _ in range(20)]
    text = exported_text("json", [(conversation(m, id=f"C{m}"), m) for m in many])
    text = json.dumps(json.loads(text), sort_keys=True)
    found, _ = read(tmp_path / "file", text)
    assert len(found) == 20
    with pytest.raises(HistoryError, match="is null"):
        read(tmp_path / "file", text.replace('"assistant"', "null"))


def test_many_kinds_of_content(tmp_path: Path) -> None:
    """A few are named, and none in full length."""
    parts = [{"type": f"{number}{'x' * 10_000}"} for number in range(100)]
    parts += [{"type": "odd"}] * 50
    said = [{"role": "user", "content": ["Look!", *parts]}]
    (found,), notes = read(tmp_path / "file", {"messages": said})
    assert found.messages[0].content == "Look!"
    assert "50 parts of the kind 'odd'" in notes and "and 96 more" in notes
    assert len(notes) < 500


def test_brackets_that_fit_nothing() -> None:
    """One that nothing opened is passed by, however deep it stands."""
    found = brackets.Brackets()
    found._open = Watched("]" * 5000)
    found._kinds["]"] = 5000
    assert found.end("}" * 5000, 0) is None
    assert found.end("]" * 5000, 0) == 5000


class Watched(list[str]):
    """A list that is not to be searched."""

    def __contains__(self, key: object) -> bool:
        raise AssertionError("it takes time with the depth")


def test_artifacts_that_never_begin() -> None:
    text = '<antArtifact title="' * 3 + "x"
    assert canvas.with_artifacts(text) == text
    whole = '<antArtifact title="a < b > c" type="text/html">x</antArtifact>'
    assert canvas.with_artifacts(whole) == "**a < b > c**\n\n```html\nx\n```"


def test_many_control_characters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where they cannot be mended that is tried once, not for each line."""
    tried: list[int] = []

    def counted(text: str) -> str:
        tried.append(len(text))
        return controls.escaped(text)

    monkeypatch.setattr(json_values, "escaped", counted)
    lines = ['{"role": "user", "content": "a\tb'] * 500
    lines += ['{"role": "user", "content": "a\tb"}'] * 500
    text = "\n".join(lines)
    (found,), notes = read(tmp_path / "file", text)
    assert [m.content for m in found.messages] == ["a\tb"] * 500
    assert "Skipped 500 conversations" in notes
    assert sum(tried) < 3 * len(text)
