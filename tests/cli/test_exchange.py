"""Conversations written to files and read from them, on the command line."""

import json
import stat
from pathlib import Path

import pytest
from foreign_exports import chatgpt, node
from terminal import Screen, call, run

from genesis_chat.history import Store

GREEDY = ("--temp", "0", "--repetition-penalty", "1")


@pytest.fixture
def kept(home: Path) -> Path:
    """Two conversations, one of them with two branches."""
    call("ask", "My name is Bob.", *GREEDY)
    call("ask", "What is the capital of Japan?", *GREEDY)
    with Store.open(home / "history.sqlite3") as store:
        conversation = store.latest()
        assert conversation is not None
        question, _ = store.branch(conversation.id)
        writer = store.begin_reply(conversation.id, parent=question.id)
        writer.append("# user\n```\n\u00e9 \U0001f600 \x1b[0m")
        writer.finish("complete")
    return home


def contents(home: Path) -> list[list[tuple[str, str]]]:
    with Store.open(home / "history.sqlite3") as store:
        assert store.check() == []
        return sorted(
            [(m.role, m.content) for m in store.messages(c.id)]
            for c in store.conversations()
        )


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_everything_comes_back(
    form: str, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(kept)
    file = tmp_path / "out"
    assert call("history", "export", "--all", "--format", form, "-o", file).code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    printed = run("history", "export", "--all", "--format", form)
    assert printed.out == file.read_text()
    monkeypatch.setenv("GENESIS_CHAT_HOME", str(tmp_path / "other"))
    result = call("history", "import", file)
    assert result.code == 0 and "2 conversations (5 messages)" in result.err
    assert contents(tmp_path / "other") == before
    listed = json.loads(call("history", "list", "--json").out)
    assert [c["title"] for c in listed] == [
        "What is the capital of Japan?",
        "My name is Bob.",
    ]


def test_markdown_is_the_branch_that_is_shown(kept: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.md"
    assert call("history", "export", "-o", file).code == 0
    text = file.read_text()
    assert "What is the capital of Japan?" in text and "Tokyo" not in text
    assert "Bob" not in text
    assert call("history", "import", file).code == 0
    with Store.open(kept / "history.sqlite3") as store:
        new = store.latest()
        assert new is not None
        assert [m.content for m in store.branch(new.id)] == [
            "What is the capital of Japan?",
            "# user\n```\n\u00e9 \U0001f600 \x1b[0m",
        ]


def test_a_continued_import_answers(kept: Path, tmp_path: Path) -> None:
    """Its replies were not made by this model, so their text is read anew."""
    file = tmp_path / "conversations.json"
    node = {
        "a": ("user", "My name is Bob.", None),
        "b": ("assistant", "Hello,", "a"),
        "c": ("assistant", "Bob!", "b"),
    }
    below = {"a": ["b"], "b": ["c"], "c": []}
    mapping = {
        id: {
            "id": id,
            "parent": parent,
            "children": below[id],
            "message": {
                "author": {"role": role},
                "content": {"content_type": "text", "parts": [text]},
                "create_time": 1.5,
            },
        }
        for id, (role, text, parent) in node.items()
    }
    file.write_text(
        json.dumps([{"title": "Names", "mapping": mapping, "current_node": "c"}])
    )
    assert call("history", "import", file).code == 0
    reply = json.loads(call("ask", "-c", "--json", "What is my name?", *GREEDY).out)
    assert "Bob" in reply["text"]
    # Both replies are in the prompt, as one; there is no system prompt.
    alone = ("ask", "-n", "-s", "", "--json", "What is my name?", *GREEDY)
    plain = json.loads(call(*alone).out)
    assert reply["prompt_tokens"] > plain["prompt_tokens"] + 20


def test_a_damaged_file_adds_nothing(kept: Path, tmp_path: Path) -> None:
    before = contents(kept)
    file = tmp_path / "out.jsonl"
    call("history", "export", "--all", "--format", "jsonl", "-o", file)
    file.write_text(file.read_text()[:-20])
    result = call("history", "import", file)
    assert (result.code, result.out) == (1, "")
    assert str(file) in result.err and "Traceback" not in result.err
    assert contents(kept) == before
    assert call("history", "import", tmp_path / "absent").code == 1


def test_no_file_is_replaced(kept: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine"
    file.write_text("mine")
    assert call("history", "export", "-o", file).code == 1
    assert file.read_text() == "mine"
    assert call("history", "export", "-o", tmp_path / "no" / "file").code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("path", "code"), [("~nosuchuser9/x", 2), ("x" * 300, 1), ("/", 1)]
)
@pytest.mark.parametrize(
    "command",
    [
        ("history", "export", "--all", "-o"),
        ("history", "import"),
        ("history", "backup"),
        ("prompts", "add", "sea", "-f"),
    ],
)
def test_a_path_that_cannot_be_is_named(
    command: tuple[str, ...], path: str, code: int, home: Path, tmp_path: Path
) -> None:
    with Store.open(home / "history.sqlite3") as store:
        store.create(title="Here")
    if command[0] == "prompts":
        code = 2
    if command[1] == "import" and path == "/":
        # All of a folder is read.
        path = str(tmp_path)
    result = call(*command, path)
    assert (result.code, result.out) == (code, "")
    assert path in result.err and "Traceback" not in result.err
    assert sum(line.startswith("Error: ") for line in result.err.splitlines()) == 1
    assert "Unexpected" not in result.err


def test_a_name_that_begins_with_a_tilde(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(home / "history.sqlite3") as store:
        store.create(title="Here")
    monkeypatch.setenv("HOME", str(tmp_path))
    arguments = ("history", "export", "--all", "-o")
    assert call(*arguments, "./~x", cwd=tmp_path).code == 0
    assert call(*arguments, "~/y").code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"~x", "y"}


def test_ids_and_all_exclude_each_other(kept: Path) -> None:
    assert call("history", "export", "01ABCD", "--all").code == 2


def exported(title: str, *said: str) -> dict[str, object]:
    """A conversation of a ChatGPT export."""
    nodes = [
        node(str(n), str(n - 1) if n else None, "assistant" if n % 2 else "user", text)
        for n, text in enumerate(said)
    ]
    return chatgpt(*nodes, title=title, conversation_id=title)


def test_several_files_a_folder_and_standard_input(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("a", "b", "c"):
        text = json.dumps([exported(name, "Why?", "So.")])
        (folder / f"conversations-{name}.json").write_text(text)
    one, two, _ = sorted(folder.iterdir())
    result = call("history", "import", one, two)
    assert result.code == 0
    assert result.err == "Imported 2 conversations (4 messages).\n"
    result = call("history", "import", folder)
    assert result.code == 0 and "Skipped 2 conversations" in result.err
    assert "Imported 1 conversation (2 messages)" in result.err
    result = call("history", "import", "-", stdin=json.dumps([exported("d", "x")]))
    assert (result.code, result.out) == (0, "")
    result = call("history", "import", "--again", one)
    assert "Imported 1 conversation (2 messages)" in result.err
    assert len(contents(home)) == 5


def test_one_of_several_files_that_cannot_be_read(home: Path, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps([exported("a", "Why?", "So."), {"title": "shell"}]))
    bad.write_text('{"theme": "dark"}')
    result = call("history", "import", bad, good, tmp_path / "absent.json")
    assert (result.code, result.out) == (1, "")
    assert f"Cannot import {bad}: " in result.err and "absent.json" in result.err
    assert 'conversation 2 "shell"' in result.err
    assert contents(home) == [[("user", "Why?"), ("assistant", "So.")]]


def test_what_has_grown_is_told(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "conversations.json"
    file.write_text(json.dumps([exported("a", "Why?", "So.")]))
    call("history", "import", file)
    file.write_text(json.dumps([exported("a", "Why?", "So.", "And?", "Yes.")]))
    result = call("history", "import", file)
    assert result.code == 0 and "Added new messages to 1 conversation" in result.err
    assert "2 messages" in result.err
    assert len(contents(home)) == 1 and len(contents(home)[0]) == 4


def test_no_progress_where_no_terminal_is(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "conversations.json"
    long = [exported(str(n), "x" * 100_000) for n in range(50)]
    file.write_text(json.dumps(long))
    result = call("history", "import", file)
    assert result.err == "Imported 50 conversations (50 messages).\n"


def test_progress_on_a_terminal(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "conversations.json"
    long = [exported(str(n), "x" * 100_000) for n in range(50)]
    file.write_text(json.dumps(long))
    with Screen.start("history", "import", file) as screen:
        assert screen.finish() == 0
    shown = screen.shown.decode()
    assert "Importing" in shown and "100%" in shown
    assert "50 conversations" in shown


def test_control_characters_of_a_title_do_not_act(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "conversations.json"
    file.write_text(json.dumps([exported("a", "x"), {"title": "\x1b[31mred"}]))
    result = call("history", "import", file)
    assert result.code == 0 and "\x1b[31m" not in result.err and "red" in result.err


def test_what_is_left_out_of_several_files_names_each(
    home: Path, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        values = [exported(name, "Why?", "So."), {"title": f"shell of {name}"}]
        (tmp_path / f"conversations-{name}.json").write_text(json.dumps(values))
    one, two = sorted(tmp_path.iterdir())
    result = call("history", "import", one, two)
    assert result.code == 0
    for file, name in ((one, "a"), (two, "b")):
        skipped = f'Skipped 1 conversation: conversation 2 "shell of {name}"'
        assert f"{file}: {skipped}" in result.err
    # A single file needs no name.
    result = call("history", "import", one)
    assert result.err.startswith("Skipped 1 conversation: conversation 2")


def test_a_title_of_any_length_is_one_row(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "conversations.json"
    file.write_text(json.dumps([exported("long " * 10_000, "needle")]))
    assert call("history", "import", file).code == 0
    for arguments in (("list",), ("search", "needle")):
        out = call("history", *arguments).out
        assert "long long" in out and len(out) < 400
    (listed,) = json.loads(call("history", "list", "--json").out)
    assert listed["title"] == "long " * 10_000


@pytest.mark.parametrize("id", ["", " ", "0" * 5000, "%%%%", "0123\0", "\u0661" * 5])
@pytest.mark.parametrize("command", ["show", "export", "delete", "rename"])
def test_ids_that_are_none(home: Path, command: str, id: str) -> None:
    with Store.open(home / "history.sqlite3") as store:
        store.create(title="Here")
    more = ("New",) if command == "rename" else ()
    result = call("history", command, "--", id, *more)
    assert (result.code, result.out) == (1, "") and len(result.err) < 200
    assert result.err.startswith("Error: ") and "history list" in result.err
    with Store.open(home / "history.sqlite3") as store:
        assert [c.title for c in store.conversations()] == ["Here"]
