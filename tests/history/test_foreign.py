"""Files of other programs: what can be read comes in, the rest is counted and named."""

import json
from pathlib import Path
from typing import Any

import pytest
from foreign_exports import FOREIGN, chatgpt, node, read, reply

from genesis_chat.history import HistoryError, NewConversation

NO_TEXT = "it has no text"


def said(conversation: NewConversation) -> list[str]:
    return [message.content for message in conversation.messages]


def good(**changes: Any) -> dict[str, Any]:
    """A conversation with a question and a reply, its fields changed."""
    value = chatgpt(node("u", None, "user", "Why?"), node("a", "u", "assistant", "So."))
    return {**value, **changes}


def without(value: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: item for key, item in value.items() if key != name}


@pytest.mark.parametrize(
    ("odd", "contents", "reason"),
    [
        (without(good(), "mapping"), None, "no 'mapping'"),
        (good(mapping=None), None, "no 'mapping'"),
        (good(mapping="all"), None, "no 'mapping'"),
        (good(mapping={}), None, "no 'mapping'"),
        (7, None, "no recognisable messages"),
        (None, None, "no recognisable messages"),
        (good(mapping={"u": None}), None, "it is empty"),
        (reply(author=None), ["Why?"], "no known role"),
        (reply(author={"role": None}), ["Why?"], "no known role"),
        (reply(author="assistant"), ["Why?", "So."], ""),
        (reply(content=None), ["Why?"], NO_TEXT),
        (reply(content="Thus."), ["Why?", "Thus."], ""),
        (reply(content={"content_type": "text"}), ["Why?"], NO_TEXT),
        (reply(content={"parts": None}), ["Why?"], NO_TEXT),
        (reply(content={"parts": "So."}), ["Why?"], NO_TEXT),
        (
            reply(content={"parts": [None, 3, {"a": 1}, "x"]}),
            ["Why?", "3\n\nx"],
            "parts that",
        ),
        (reply(content={"text": "Thus."}), ["Why?", "Thus."], ""),
        (reply(metadata=[]), ["Why?", "So."], ""),
        (reply(metadata=None), ["Why?", "So."], ""),
        (reply(recipient=None, weight=None), ["Why?", "So."], ""),
        (reply(status=7, weight="1"), ["Why?", "So."], ""),
        (good(current_node="gone"), ["Why?", "So."], ""),
        (good(current_node=None), ["Why?", "So."], ""),
        (good(title=None, conversation_id=7), ["Why?", "So."], ""),
        (chatgpt(node("u", "gone", "user", "x")), ["x"], ""),
        (chatgpt(node("u", "u", "user", "x")), ["x"], ""),
        (
            chatgpt(node("a", "b", "user", "x"), node("b", "a", "assistant", "y")),
            ["x", "y"],
            "",
        ),
        (good(mapping=list(good()["mapping"].values())), ["Why?", "So."], ""),
        (chatgpt({**node("u", None, "user", "x"), "children": [7, None]}), ["x"], ""),
        (chatgpt({**node("u", None, "user", "x"), "children": 7}), ["x"], ""),
        (chatgpt(node("u", None, "user", "x"), {"id": "b", "parent": "u"}), ["x"], ""),
    ],
)
def test_one_odd_item(
    odd: Any, contents: list[str] | None, reason: str, tmp_path: Path
) -> None:
    found, notes = read(tmp_path / "file", [good(), odd, good(title="last")])
    assert [said(one) for one in found if one.title == "last"] == [["Why?", "So."]]
    if contents is None:
        assert len(found) == 2 and "conversation 2" in notes
    else:
        assert sorted(said(found[1])) == sorted(contents)
    assert reason in notes and bool(notes) == bool(reason)


@pytest.mark.parametrize(
    ("told", "milliseconds"),
    [
        (1_700_000_000.25, 1_700_000_000_250),
        (1_700_000_000_250, 1_700_000_000_250),
        ("1700000000.25", 1_700_000_000_250),
        ("2023-11-14T22:13:20.250000+00:00", 1_700_000_000_250),
        ("2023-11-14T22:13:20.250Z", 1_700_000_000_250),
        ("2023-11-14T23:13:20.250+01:00", 1_700_000_000_250),
        ({"$date": "2023-11-14T22:13:20.250Z"}, 1_700_000_000_250),
        (None, None),
        ("soon", None),
        (True, None),
        ([], None),
        (1e300, None),
        (10**400, None),
        ("9999-12-31T23:59:59-12:00", None),
    ],
)
def test_times(told: Any, milliseconds: int | None, tmp_path: Path) -> None:
    (found,), notes = read(tmp_path / "file", [good(create_time=told)])
    assert (found.created, notes) == (milliseconds, "")
    (found,), _ = read(tmp_path / "file", [reply(create_time=told)])
    fallback = 1_700_000_000_250
    assert found.messages[1].created == (milliseconds or fallback)


def test_many_that_are_left_out_are_summed_up(tmp_path: Path) -> None:
    shells = [{"title": f"shell {n}", "mapping": None} for n in range(30)]
    found, notes = read(tmp_path / "file", [*shells, good()])
    assert len(found) == 1 and len(notes) < 600
    assert "Skipped 30 conversations" in notes and "and 25 more" in notes
    assert 'conversation 1 "shell 0"' in notes


def test_a_file_of_which_nothing_can_be_read_is_refused(tmp_path: Path) -> None:
    for content, reason in [
        ([good(mapping=None)], "none of its conversations can be read"),
        ([{"a": 1}], "one of these: JSON"),
        ({"users": []}, "one of these: JSON"),
        ("a,b\n1,2\n", "one of these: JSON"),
        ("[]", "there are none in it"),
    ]:
        with pytest.raises(HistoryError, match=reason):
            read(tmp_path / "file", content)


def test_a_file_that_was_cut(tmp_path: Path) -> None:
    text = json.dumps([good(title=str(number)) for number in range(5)])
    found, notes = read(tmp_path / "file", text[:-200])
    assert [one.title for one in found] == ["0", "1", "2", "3"]
    assert "conversation 5" in notes and "not whole JSON" in notes


def test_damage_ends_only_itself(tmp_path: Path) -> None:
    one = json.dumps(good())
    for wrong in ['{"mapping": {"a" 1}}', "nul", '{"a": [}', "[" * 5000 + "]" * 5000]:
        found, notes = read(tmp_path / "file", f"[{one}, {wrong}, {one}]")
        assert len(found) == 2 and "conversation 2" in notes
        found, notes = read(tmp_path / "file", f"{one}\n{wrong}\n{one}\n")
        assert len(found) == 2 and "conversation 2" in notes
    for fine in ["NaN", "1e999", "9" * 5000]:
        text = one.replace("1700000100.5", fine)
        assert fine in text
        found, notes = read(tmp_path / "file", f"[{text}]")
        assert len(found) == 1 and not notes


CANVAS = {
    "create": {"name": "Essay", "type": "document", "content": "Long text"},
    "code": {"name": "a.py", "type": "code/python", "content": "print(1)"},
    "whole": {"updates": [{"pattern": ".*", "multiple": False, "replacement": "New"}]},
    "comment": {"comments": [{"pattern": "x", "comment": "Shorter."}]},
}


@pytest.mark.parametrize(
    ("name", "recipient", "kept"),
    [
        ("create", "canmore.create_textdoc", "**Essay**\n\nLong text"),
        ("code", "canmore.create_textdoc", "**a.py**\n\n```python\nprint(1)\n```"),
        ("whole", "canmore.update_textdoc", "New"),
        ("comment", "canmore.comment_textdoc", "Shorter."),
    ],
)
def test_what_is_written_to_a_canvas_is_kept(
    name: str, recipient: str, kept: str, tmp_path: Path
) -> None:
    value = chatgpt(
        node("u", None, "user", "Write."),
        node("c", "u", "assistant", json.dumps(CANVAS[name]), recipient=recipient),
        node("t", "c", "tool", "Successfully created text document"),
        node("a", "t", "assistant", "Here it is."),
    )
    (found,), _ = read(tmp_path / "file", [value])
    assert said(found) == ["Write.", kept, "Here it is."]
    broken = node("c", None, "assistant", '{"name": "Ess', recipient=recipient)
    (found,), _ = read(tmp_path / "file", [chatgpt(broken)])
    assert said(found) == ['{"name": "Ess']


def test_tools_are_left_out_and_counted(tmp_path: Path) -> None:
    code = {"content_type": "code", "language": "unknown", "text": "1 + 1"}
    output = {"content_type": "execution_output", "text": "2"}
    made = {
        "content_type": "image_asset_pointer",
        "asset_pointer": "file-service://file-1",
        "metadata": {"dalle": {"prompt": "a cat"}},
    }
    value = chatgpt(
        node("u", None, "user", "Count."),
        node("c", "u", "assistant", content=code, recipient="python"),
        node("t", "c", "tool", content=output),
        node("b", "t", "assistant", "update memory", recipient="bio"),
        node("d", "b", "tool", "DALL-E displayed 1 images.", made),
        node("f", "d", "assistant", content=code),
        node("a", "f", "assistant", "2"),
    )
    (found,), notes = read(tmp_path / "file", [value])
    assert said(found) == ["Count.", "[image: a cat]", "```\n1 + 1\n```", "2"]
    assert "2 calls of tools" in notes and "1 results of tools" in notes


MARK = "\ue200cite\ue202turn0search0\ue202turn0search4\ue201"
LINKED = {
    "content_references": [
        {
            "matched_text": MARK,
            "type": "grouped_webpages",
            "alt": "([W](https://w.org))",
            "items": [{"title": "Weather [now]", "url": "https://w.org/a"}],
        },
        {"matched_text": " ", "type": "sources_footnote", "alt": ""},
        None,
    ]
}


@pytest.mark.parametrize(
    ("text", "metadata", "shown"),
    [
        (f"Rain falls {MARK} often.", {}, "Rain falls often."),
        (f"Rain {MARK}.", LINKED, "Rain ([Weather now](https://w.org/a))."),
        ('See \ue200entity\ue202["city","Bergen"]\ue201.', {}, "See Bergen."),
        ('See \ue200entity["city","Bergen"]\ue201.', [], "See Bergen."),
        ("\ue200url\ue202Home\ue202turn0view0\ue201!", {}, "Home!"),
        ("Cut \ue200cite\ue202turn0", {}, "Cut"),
        ("One\ue206 two\ue2ff", {}, "One two"),
        ("Stripped citeturn0search0turn1news2.", {}, "Stripped."),
        ("Said.\u30104\u2020source\u3011", {}, "Said."),
        (
            "Said\u30104\u2020source\u3011.",
            {
                "citations": [
                    {
                        "start_ix": 4,
                        "end_ix": 14,
                        "metadata": {"title": "S", "url": "https://s.org"},
                    }
                ]
            },
            "Said([S](https://s.org)).",
        ),
        ("\u3010note\u3011 stays", {"content_references": 7}, "\u3010note\u3011 stays"),
        (
            f"No script {MARK}",
            {
                "content_references": [
                    {
                        "matched_text": MARK,
                        "items": [{"title": "x", "url": "javascript:x"}],
                    }
                ]
            },
            "No script",
        ),
    ],
)
def test_citation_marks(text: str, metadata: Any, shown: str, tmp_path: Path) -> None:
    value = chatgpt(node("a", None, "assistant", text, metadata=metadata))
    (found,), _ = read(tmp_path / "file", [value])
    assert said(found) == [shown]


def test_files_and_pictures_are_named_in_their_place(tmp_path: Path) -> None:
    picture = {
        "content_type": "image_asset_pointer",
        "asset_pointer": "sediment://file_2",
    }
    files = [
        {"id": "file_1", "name": "report.pdf", "mime_type": "application/pdf"},
        {"id": "file_2", "name": "cat.png", "mime_type": "image/png"},
    ]
    value = node(
        "u", None, "user", picture, "What is it?", metadata={"attachments": files}
    )
    (found,), notes = read(tmp_path / "file", [chatgpt(value)])
    assert said(found) == ["[file: report.pdf]\n\n[image: cat.png]\n\nWhat is it?"]
    assert not notes
    alone = node("u", None, "user", "", metadata={"attachments": files[:1]})
    (found,), _ = read(tmp_path / "file", [chatgpt(alone)])
    assert said(found) == ["[file: report.pdf]"]


HIDDEN = {"is_visually_hidden_from_conversation": True}


@pytest.mark.parametrize(
    ("system", "prompt"),
    [
        (node("s", None, "system", "Be brief."), "Be brief."),
        (node("s", None, "system", "Be brief.", metadata=HIDDEN), ""),
        (node("s", None, "system", "Be brief.", weight=0), ""),
        (node("s", None, "system", ""), ""),
        (
            node(
                "s",
                None,
                "user",
                content={
                    "content_type": "user_editable_context",
                    "user_profile": "I am Bob.",
                    "user_instructions": "Be rude.",
                },
                metadata=HIDDEN,
            ),
            "",
        ),
        (
            node(
                "s",
                None,
                "system",
                content={"content_type": "model_editable_context", "text": "Bob"},
            ),
            "",
        ),
    ],
)
def test_the_system_prompt(system: Any, prompt: str, tmp_path: Path) -> None:
    later = node("l", "u", "system", "You switched models.")
    value = chatgpt(
        system, node("u", "s", "user", "Hi"), later, node("a", "l", "assistant", "Yes")
    )
    (found,), _ = read(tmp_path / "file", [value])
    assert (found.system, said(found)) == (prompt, ["Hi", "Yes"])


@pytest.mark.parametrize("kind", FOREIGN)
def test_every_kind(kind: str, tmp_path: Path) -> None:
    for content in [FOREIGN[kind], [FOREIGN[kind]], {"conversations": [FOREIGN[kind]]}]:
        (found,), notes = read(tmp_path / "file", content)
        assert (found.title, said(found)[:2], notes) == ("Birds", ["Why?", "one"], "")
        if kind != "plain":
            assert [m.parent for m in found.messages] == [None, 0, 0]
            assert found.head == 2 and found.created == 1_704_067_200_000
        if kind != "claude":
            assert found.system == "Be brief."


def test_kinds_in_one_file(tmp_path: Path) -> None:
    found, _ = read(tmp_path / "file", [good(), *FOREIGN.values()])
    assert [one.title for one in found] == ["Birds"] * 5
    lines = "\n".join(json.dumps(each) for each in [good(), *FOREIGN.values()])
    assert read(tmp_path / "file", lines)[0] == found


def test_replies_within_replies(tmp_path: Path) -> None:
    """LibreChat's recursive exports nest a message below the one it answers."""
    begin = '{"messageId": "%d", "isCreatedByUser": %s, "text": "m%d", "children": ['
    for length in [10, 3000]:
        signs = [
            begin % (n, "true" if n % 2 == 0 else "false", n) for n in range(length)
        ]
        text = "".join(signs) + "]}" * length
        file = f'{{"conversationId": "k", "messagesTree": [{text}]}}'
        (found,), notes = read(tmp_path / "file", file)
        assert said(found) == [f"m{n}" for n in range(length)] and not notes
        assert [m.parent for m in found.messages][1:] == list(range(length - 1))
        found_all, notes = read(
            tmp_path / "file", f"[{json.dumps(good())}, {file[:-9]}"
        )
        assert len(found_all) == 1 and "conversation 2" in notes
