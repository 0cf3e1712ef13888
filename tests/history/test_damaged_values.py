"""Damage in a file of conversations takes what it hits, and nothing behind it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from foreign_exports import FOREIGN, chatgpt, node, read

from genesis_chat.history.exchange import json_values


def export(title: str, **first: Any) -> str:
    """A conversation with what JSON gives a meaning to in its texts."""
    value = chatgpt(
        node("u", None, "user", 'Why, [{"title": "'),
        node("a", "u", "assistant", 'So }], {"mapping": {"a": "\\'),
        title=title,
        conversation_id=title,
    )
    return json.dumps({**first, **value})


DAMAGE: dict[str, Callable[[str], str]] = {
    "a key's first quote": lambda t: t.replace('"create_time"', 'create_time"', 1),
    "a key's last quote": lambda t: t.replace('"create_time"', '"create_time', 1),
    "a text's last quote": lambda t: t.replace('"moderation', "moderation", 1),
    "a quote too many": lambda t: t.replace("Why,", 'Why",', 1),
    "the last brace": lambda t: t[:-1],
    "the end": lambda t: t[: len(t) // 2],
    "the end within a text": lambda t: t[: t.index("Why") + 2],
    "the beginning": lambda t: t[30:],
    "the middle": lambda t: t[: len(t) // 3] + t[len(t) // 2 :],
    "a brace too many": lambda t: t + "}",
    "a colon": lambda t: t.replace(":", "", 1),
    "all of it": lambda t: "\ufffd" * len(t),
}


@pytest.mark.parametrize("place", [0, 2, 4])
@pytest.mark.parametrize("damage", DAMAGE)
def test_one_damaged_conversation(damage: str, place: int, tmp_path: Path) -> None:
    titles = list("abcde")
    for first in ({}, {"id": "x"}):
        values = [export(title, **first) for title in titles]
        values[place] = DAMAGE[damage](values[place])
        lines = ",\n".join(values)
        for text in (f"[{', '.join(values)}]", f"[\n{lines}\n]\n"):
            found, notes = read(tmp_path / "file", text)
            kept = [one.title for one in found]
            # That alone leaves the conversation whole.
            whole = damage == "a brace too many" and kept == titles
            assert whole or kept == [t for t in titles if t != titles[place]]
            assert all(len(one.messages) == 2 for one in found)
            skipped = f"Skipped 1 conversation: conversation {place + 1}"
            assert whole or skipped in notes


def test_wherever_the_pieces_of_a_damaged_file_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = [export(title) for title in "abc"]
    for damage in ("a key's last quote", "the end within a text"):
        damaged = [values[0], DAMAGE[damage](values[1]), values[2]]
        for size in (1, 2, 3, 7, 50, 333):
            monkeypatch.setattr(json_values, "CHUNK", size)
            found, _ = read(tmp_path / "file", f"[{','.join(damaged)}]")
            assert [one.title for one in found] == ["a", "c"]


@pytest.mark.parametrize("place", [0, 2, 5])
@pytest.mark.parametrize(
    "damaged",
    [
        '{"role": "user", "content: "x"}',
        '{"role: "user", "content": "x"}',
        '{"role": "user", "con',
        "nul",
    ],
)
def test_a_list_of_messages_stays_one_conversation(
    damaged: str, place: int, tmp_path: Path
) -> None:
    messages = [
        json.dumps({"role": role, "content": f"{role} {n}"})
        for n in range(3)
        for role in ("user", "assistant")
    ]
    messages[place] = damaged
    for text in (f"[{', '.join(messages)}]", "\n".join(messages)):
        if text.startswith("nul"):
            # Nothing tells that lines of JSON follow.
            continue
        (found,), notes = read(tmp_path / "file", text)
        assert len(found.messages) == 5 and found.head == 4
        # Nobody can tell what the first value was.
        what = "message" if place else "conversation"
        assert f"Skipped 1 {what}" in notes and "not whole JSON" in notes


def test_odd_items_between_messages(tmp_path: Path) -> None:
    asked, told = ({"role": r, "content": r} for r in ("user", "assistant"))
    for odd in (7, None, "x", {"role": "assistant"}, {"theme": "dark"}):
        (found,), notes = read(tmp_path / "file", [asked, odd, told])
        assert [m.content for m in found.messages] == ["user", "assistant"]
        assert "Skipped 1 message" in notes


def test_a_file_that_was_cut_says_so_once(tmp_path: Path) -> None:
    text = f"[{', '.join(map(export, 'abc'))}]"
    for cut, kept, damaged in [(1, 3, 0), (2, 2, 1), (700, 2, 1)]:
        found, notes = read(tmp_path / "file", text[:-cut])
        assert len(found) == kept
        assert "The file ends before its list does" in notes
        assert ("Skipped 1 conversation" in notes) == bool(damaged)
        assert "Skipped 2" not in notes
    found, notes = read(tmp_path / "file", text)
    assert len(found) == 3 and not notes


@pytest.mark.parametrize("indent", [None, 1])
def test_a_list_in_an_object_that_was_cut(indent: int | None, tmp_path: Path) -> None:
    value = {
        "exported": 7,
        "by": "me",
        "conversations": list(map(json.loads, map(export, "abc"))),
        "more": {"items": [{"title": "none"}]},
    }
    text = json.dumps(value, indent=indent)
    assert len(read(tmp_path / "file", text)[0]) == 3
    cut = text.index('"title": "c"') + 200
    found, notes = read(tmp_path / "file", text[:cut])
    assert [one.title for one in found] == ["a", "b"]
    assert "The file ends before its list does" in notes
    # Damage within it, and behind it.
    found, notes = read(tmp_path / "file", text.replace('"title": "b"', '"title: "b"'))
    assert [one.title for one in found] == ["a", "c"]
    assert "Skipped 1 conversation" in notes and "ends before" not in notes
    found, notes = read(tmp_path / "file", text[:-10])
    assert [one.title for one in found] == ["a", "b", "c"]


def test_lines_of_lists_stay_apart(tmp_path: Path) -> None:
    """Where there are several, a damaged line takes only itself."""
    talk = [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "So."}]
    line = json.dumps({"conversations": talk})
    found, notes = read(tmp_path / "file", f"{line}\n{line[:60]}\n{line}\n")
    assert [len(one.messages) for one in found] == [2, 2]
    assert "Skipped 1 conversation: conversation 2" in notes
    found, notes = read(tmp_path / "file", f"{line[: line.index('So.') + 2]}\n")
    assert [m.content for m in found[0].messages] == ["Why?"]


def test_damage_among_other_programs(tmp_path: Path) -> None:
    for kind, value in FOREIGN.items():
        whole = json.dumps(value)
        text = f"[{whole}, {whole[:-1]}, {whole}]"
        found, notes = read(tmp_path / "file", text)
        assert [one.title for one in found] == ["Birds"] * 2, kind
        assert "Skipped 1 conversation" in notes


@pytest.mark.parametrize("indent", [None, 1])
def test_several_objects_with_lists_after_each_other(
    indent: int | None, tmp_path: Path
) -> None:
    """Damage in one of them leaves the others as they are."""

    def wrapped(titles: str, key: str) -> str:
        values = list(map(json.loads, map(export, titles)))
        rest = {"more": {"items": [{"title": "}]"}]}, "by": 'me"'}
        return json.dumps({"version": 1, key: values, **rest}, indent=indent)

    texts = [wrapped("ab", "data"), wrapped("cd", "chats"), wrapped("ef", "data")]
    for place, title in enumerate("ace"):
        damaged = list(texts)
        damaged[place] = texts[place].replace(f'"title": "{title}"', '"title: "x"')
        found, notes = read(tmp_path / "file", "\n".join(damaged))
        kept = set("abcdef") - {title}
        if indent is None:
            # A damaged line of several is one value.
            kept -= set(("ab", "cd", "ef")[place])
        if indent is None and place == 2:
            # The last line is entered, as nothing follows it.
            kept |= {"f"}
        assert {one.title for one in found} == kept
        assert "Skipped 1 conversation" in notes


def test_wherever_the_pieces_of_a_rest_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest = '], "more": [{"x": "\\"}"}]\n}\n'
    first = f'{{"data":[\n{export("a")},\n{{"title" 1}}{rest}'
    for size in (1, 2, 3, 7, 50):
        monkeypatch.setattr(json_values, "CHUNK", size)
        found, _ = read(tmp_path / "file", f"{first}{export('b')}")
        assert [one.title for one in found] == ["a", "b"], size


def test_values_of_many_lines_that_are_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is one value, and not as many as it has lines."""
    deep = '{"a":' + "[\n" * 10_001 + "]\n" * 10_001 + "}"
    found, notes = read(tmp_path / "file", f"{deep}\n{export('b')}")
    assert [one.title for one in found] == ["b"]
    assert "Skipped 1 conversation" in notes and "nested too deeply" in notes
    monkeypatch.setattr(json_values, "CHUNK", 1000)
    monkeypatch.setattr(json_values, "LONGEST", 5000)
    long = json.dumps({"title": "long", "lines": ["x" * 90] * 100}, indent=1)
    found, notes = read(tmp_path / "file", f"{long}\n{export('b')}")
    assert [one.title for one in found] == ["b"]
    assert "Skipped 1 conversation" in notes and "it is too long" in notes


def test_raw_control_characters_in_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are no damage, in whatever form the file is."""
    signs = "a\tb\x01c\x7f\\td\\\\"
    text = f'{{"role": "user", "content": "{signs}"}}'
    talk = f'{{\n\t"title": "x\ty",\r\n\t"messages": [{text},\n{text}]\n}}\n'
    said = "a\tb\x01c\x7f\td\\"
    for size in (3, 40, 2**18):
        monkeypatch.setattr(json_values, "CHUNK", size)
        for many in (f"[{text}, {text}]", f"{text}\r\n{text}\n", talk):
            (found,), notes = read(tmp_path / "file", many)
            assert [m.content for m in found.messages] == [said, said], (size, many)
            assert not notes
        # A text without an end takes no more than its line.
        lines = f'{text}\n{{"role": "user", "content": "a\tb}}\n{text}\n'
        (found,), notes = read(tmp_path / "file", lines)
        assert [m.content for m in found.messages] == [said, said]
        assert "Skipped 1 message" in notes
