"""What is exported comes back when it is imported, and people can read it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

import pytest
from exchanged import (
    EXPORTS,
    RECEIPT,
    TEXTS,
    conversation,
    conversations,
    expected,
    export,
    exported_text,
    turns,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slow import slow

from genesis_chat.history import NewConversation, NewMessage, Store
from genesis_chat.history.checksums import unpack_receipt
from genesis_chat.history.exchange import Exported, export_json, read_import
from genesis_chat.history.exchange.checked import Refused
from genesis_chat.history.exchange.native import to_receipt
from genesis_chat.history.rows import storable

Property = Callable[[st.SearchStrategy[Any], Callable[[Any], None]], None]
MARKDOWN = """\
<!-- genesis-chat 1, created 2023-11-14T22:13:20.000Z -->

# Birds

## System

Be brief.

## User

Why do *they* sing?
\\## Assistant
```

## Reply (interrupted) <!-- reply -->

To call.

"""


@pytest.fixture(params=[40, slow(300)])
def holds(request: pytest.FixtureRequest) -> Property:
    """Checks something for so many drawn values."""

    def run(values: st.SearchStrategy[Any], check: Callable[[Any], None]) -> None:
        property = settings(
            max_examples=request.param,
            deadline=None,
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow],
        )
        property(given(values)(check))()

    return run


@pytest.mark.parametrize("format", ["json", "jsonl"])
def test_trees_come_back(format: str, holds: Property, tmp_path: Path) -> None:
    def check(exported: list[Exported]) -> None:
        path = export(format, exported, tmp_path / "file")
        # An empty file says nothing of its format.
        found = read_import(path, None if exported else format)
        assert found == [expected(one) for one in exported]

    holds(st.lists(conversations(), max_size=3), check)


def test_branches_come_back_from_markdown(holds: Property, tmp_path: Path) -> None:
    def check(exported: list[Exported]) -> None:
        path = export("markdown", exported, tmp_path / "file")
        found = read_import(path)
        assert len(found) == len(exported)
        for new, one in zip(found, exported, strict=True):
            whole = expected(one)
            branch = []
            index = whole.head
            while index is not None:
                branch.append(whole.messages[index])
                index = whole.messages[index].parent
            assert [(m.role, m.content, m.status, m.thought) for m in new.messages] == [
                (m.role, m.content, m.status, m.thought) for m in branch[::-1]
            ]
            assert [model_of(m) for m in new.messages] == [
                model_of(m) for m in branch[::-1]
            ]
            assert [m.parent for m in new.messages] == [
                None,
                *range(len(new.messages) - 1),
            ][: len(new.messages)]
            assert new.title == " ".join(whole.title.split())
            assert (new.system, new.created) == (whole.system, whole.created)

    holds(st.lists(conversations(), min_size=1, max_size=3), check)


def model_of(message: NewMessage) -> str:
    """The model that a reply's receipt names, on one line."""
    receipt = message.receipt if message.role == "assistant" else None
    return " ".join(receipt.model.split()) if receipt else ""


def test_markdown_survives_an_editor_that_changes_line_ends(
    holds: Property, tmp_path: Path
) -> None:
    def check(contents: list[str]) -> None:
        contents = [content.replace("\r", "") for content in contents]
        messages = turns(*contents)
        exported = [(conversation(messages), messages)]
        path = export("markdown", exported, tmp_path / "file")
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
        (found,) = read_import(path)
        assert [m.content for m in found.messages] == [storable(c) for c in contents]

    holds(st.lists(TEXTS, min_size=1, max_size=4), check)


THOUGHT = """\
## Genesis <!-- reply of builtin -->

<details><summary>Thought for 3 s, 120 tokens</summary>

Is it *Tokyo*?

\\</details>

</details>

Tokyo.
"""


def test_a_thought_is_folded_in_markdown(tmp_path: Path) -> None:
    messages = turns("Where?", "Tokyo.")
    receipt = replace(RECEIPT, thought_tokens=120, thought_seconds=3.2)
    thought = "Is it *Tokyo*?\n\n</details>"
    messages[1] = replace(messages[1], thought=thought, receipt=receipt)
    exported = [(conversation(messages), messages)]
    assert exported_text("markdown", exported).endswith(THOUGHT)
    path = export("markdown", exported, tmp_path / "file")
    # As editors do that end every line in their own way.
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    (found,) = read_import(path)
    assert [(m.content, m.thought) for m in found.messages] == [
        ("Where?", ""),
        ("Tokyo.", thought),
    ]


def test_what_only_looks_like_a_thought_is_text(tmp_path: Path) -> None:
    contents = [
        "<details><summary>Thought for 3 s</summary>\n\nx\n\n</details>\n\ny",
        "<details><summary>More</summary>\n\nx\n\n</details>",
    ]
    messages = turns(*contents)
    path = export("markdown", [(conversation(messages), messages)], tmp_path / "file")
    (found,) = read_import(path)
    assert [(m.content, m.thought) for m in found.messages] == [
        (content, "") for content in contents
    ]
    # Somebody took the end of a thought away.
    path.write_text("## Assistant\n\n<details><summary>Thought</summary>\n\nx\n")
    (found,) = read_import(path)
    assert found.messages[0].content.startswith("<details>")
    assert found.messages[0].thought == ""


def test_markdown_reads_well() -> None:
    messages = turns("Why do *they* sing?\n## Assistant\n```", "To call.\n")
    messages[1] = replace(messages[1], status="interrupted")
    shown = conversation(messages, system="Be brief.")
    assert exported_text("markdown", [(shown, messages)]) == MARKDOWN


@pytest.mark.parametrize(
    ("model", "heading"),
    [
        ("genesis-152m", "## Genesis <!-- reply of genesis-152m -->"),
        ("hub/Qwen3-4B@main", "## Qwen3 <!-- reply of hub/Qwen3-4B@main -->"),
        ("my model", "## my model <!-- reply of my%20model -->"),
        ("*a* (failed)", "## \\*a\\* <!-- reply of %2Aa%2A%20%28failed%29 -->"),
        ("a --> b", "## a --\\> b <!-- reply of a%20--%3E%20b -->"),
        (" ", "## Reply <!-- reply of %20 -->"),
        (None, "## Reply <!-- reply -->"),
    ],
)
def test_markdown_names_who_wrote_a_reply(
    model: str | None, heading: str, tmp_path: Path
) -> None:
    messages = turns("Who?", "I.")
    receipt = None if model is None else replace(RECEIPT, model=model)
    messages[1] = replace(messages[1], receipt=receipt)
    exported = [(conversation(messages), messages)]
    assert heading in exported_text("markdown", exported).splitlines()
    (found,) = read_import(export("markdown", exported, tmp_path / "file"))
    assert [m.role for m in found.messages] == ["user", "assistant"]
    assert found.messages[1].status == "complete"
    assert model_of(found.messages[1]) == (model or "").strip()


def test_a_heading_with_many_beginnings_of_comments_is_soon_read() -> None:
    # Were each of them looked at to the end of the line, this would take hours.
    line = "## x" + " <!-- reply of y" * 200_000
    messages = turns("Who?", line)
    assert exported_text("markdown", [(conversation(messages), messages)]).count(line)


def test_json_has_a_line_for_each_message() -> None:
    messages = turns("one", "two")
    messages[1] = replace(messages[1], token_ids=(1, 2), receipt=RECEIPT)
    text = exported_text("json", [(conversation(messages), messages)] * 2)
    document = json.loads(text)
    assert (document["format"], document["version"]) == ("genesis-chat", 1)
    first, _ = document["conversations"]
    assert first["head"] == first["messages"][1]["id"] == "M1"
    assert first["messages"][1]["token_ids"] == [1, 2]
    assert first["messages"][1]["receipt"]["seed"] == RECEIPT.seed
    assert [line for line in text.splitlines() if '"content": "two"' in line]
    assert len(text.splitlines()) == 1 + 2 * 4 + 1
    lines = exported_text("jsonl", [(conversation(messages), messages)] * 2)
    assert [json.loads(line)["version"] for line in lines.splitlines()] == [1, 1]


@pytest.mark.parametrize("format", ["json", "jsonl", "markdown"])
def test_conversations_are_taken_one_at_a_time(format: str, tmp_path: Path) -> None:
    """The export of a large history never holds more than one conversation."""
    written: list[int] = []
    with (tmp_path / "file").open("w", encoding="utf-8", buffering=1) as stream:

        def one_by_one() -> Iterator[Exported]:
            for _ in range(3):
                written.append(stream.tell())
                messages = turns("text" * 3000)
                yield conversation(messages), messages

        EXPORTS[format](one_by_one(), stream)
    assert written[0] < 100 and written[1] > 12_000 and written[2] > 24_000


def test_damage_is_not_passed_on(tmp_path: Path) -> None:
    """A damaged history is when an export matters most."""
    nan = replace(RECEIPT, tokens_per_second=float("inf"), settings={"p": float("nan")})
    messages = turns("one", "two", "three", "four")
    messages[0] = replace(messages[0], parent="M3", created=2**62)
    messages[1] = replace(messages[1], role="ursr", status="damaged")  # type: ignore[arg-type]
    messages[2] = replace(
        messages[2],
        status=cast(Any, "compleue"),
        receipt=replace(RECEIPT, prompt_tokens=cast(Any, None)),
    )
    messages[3] = replace(messages[3], receipt=nan)
    for head in ["M3", "gone"]:
        exported = conversation(messages, head=head, created=-(2**62)), messages
        for format in ["json", "jsonl", "markdown"]:
            (new,) = read_import(export(format, [exported], tmp_path / "file"))
            assert new.created is None
            if format != "markdown":
                assert [m.parent for m in new.messages] == [None, 0, 1, 2]
                assert new.messages[2].receipt is None
                assert new.messages[3].receipt == replace(
                    RECEIPT, tokens_per_second=None, settings={"p": None}
                )
            if format != "markdown" or head == "M3":
                assert new.messages[1].status == "damaged"
                assert new.messages[1].role == "assistant"


def test_a_history_comes_back_in_another(store: Store, tmp_path: Path) -> None:
    first = store.create(title="Birds", system="Be brief.")
    asked = store.add(first.id, "user", "Why?", parent=None)
    one = store.add(first.id, "assistant", "one", parent=asked.id)
    store.add(first.id, "assistant", "two", parent=asked.id)
    store.select(first.id, one.id)
    store.create(title="empty")
    kept = store.conversations()[::-1]
    exported = [(one, store.messages(one.id)) for one in kept]
    with (tmp_path / "file").open("w", encoding="utf-8") as stream:
        export_json(((one, store.messages(one.id)) for one in kept), stream)
    with Store.open(tmp_path / "other" / "history.sqlite3") as other:
        other.insert(read_import(tmp_path / "file"))
        again = [(one, other.messages(one.id)) for one in other.conversations()[::-1]]
        found: list[NewConversation] = [expected(one) for one in again]
        assert found == [expected(one) for one in exported]
        assert [m.content for m in other.branch(again[0][0].id)] == ["Why?", "one"]


def test_receipts_without_what_the_model_ran_as() -> None:
    """Those of files that were written before it was noted."""
    kept = asdict(RECEIPT)
    for name in ("backend", "dtype", "delta_rule"):
        del kept[name]
    expected = replace(RECEIPT, backend=None, dtype=None, delta_rule=False)
    assert to_receipt(kept, "a receipt", []) == expected
    assert unpack_receipt(json.dumps(kept)) == expected
    with pytest.raises(Refused, match="delta_rule"):
        to_receipt({**kept, "delta_rule": 1}, "a receipt", [])
