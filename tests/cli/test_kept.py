"""Conversations kept by the command line: continued, found, and never lost."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from faults import break_down
from loaded import loaded
from running import engine_of
from terminal import COMMAND, ENDLESS, call, run
from waiting import wait_until

from genesis_chat import Genesis
from genesis_chat.chat import Chat
from genesis_chat.engine import Finished, Reply, Session, Text
from genesis_chat.errors import ContextFullError, GenerationError, HistoryError
from genesis_chat.history import NewConversation, NewMessage, Store
from genesis_chat.settings import GenerationSettings

GREEDY = ("--temp", "0", "--repetition-penalty", "1")
SETTINGS = GenerationSettings(temperature=0, repetition_penalty=1, max_tokens=30)


def stored(home: Path) -> list[tuple[str, str, str]]:
    """Role, status and content of the latest conversation's branch."""
    with Store.open(home / "history.sqlite3") as store:
        latest = store.latest()
        assert latest is not None
        assert store.check() == []
        return [(m.role, m.status, m.content) for m in store.branch(latest.id)]


def on_the_disk(home: Path) -> str:
    """What there is of a reply that another program is still writing."""
    with Store.open(home / "history.sqlite3") as store:
        latest = store.latest()
        return store.branch(latest.id)[-1].content if latest else ""


def finish(chat: Chat[Store] | Session, text: str) -> Reply:
    (reply,) = (
        event.reply
        for event in chat.reply(text, SETTINGS)
        if isinstance(event, Finished)
    )
    return reply


def test_ask_keeps_and_continues(home: Path) -> None:
    first = call("ask", "My name is Bob.", *GREEDY)
    second = run("ask", "-c", "What is my name?", *GREEDY, "--json")
    assert "Bob" in json.loads(second.out)["text"]
    assert [content for *_, content in stored(home)] == [
        "My name is Bob.",
        first.out.strip(),
        "What is my name?",
        json.loads(second.out)["text"],
    ]
    id = json.loads(second.out)["conversation"]
    third = call("ask", "--conversation", id[:20], "Thank you!", *GREEDY, "--json")
    assert json.loads(third.out)["conversation"] == id
    assert len(stored(home)) == 6


def test_every_ask_begins_a_conversation(home: Path) -> None:
    first, second = (json.loads(call("ask", "Hello!", "--json").out) for _ in "ab")
    assert first["conversation"] != second["conversation"]


def test_no_log_keeps_nothing(home: Path) -> None:
    reply = json.loads(call("ask", "-n", "Hello!", "--json").out)
    assert reply["conversation"] is None
    assert not (home / "history.sqlite3").exists()
    call("ask", "My name is Bob.", *GREEDY)
    before = stored(home)
    secret = call("ask", "-n", "-c", "What is my name?", *GREEDY)
    assert "Bob" in secret.out
    assert stored(home) == before


def test_a_continued_conversation_equals_an_unbroken_one(
    genesis: Genesis, tmp_path: Path
) -> None:
    """The same tokens, prompts included, as one session that never stopped."""
    questions = ["My name is Bob.", "What is the capital of Japan?", "What is my name?"]
    unbroken = genesis.session()
    for question in questions:
        expected = finish(unbroken, question)
        with Store.open(tmp_path / "history.sqlite3") as store:
            chat = Chat(engine_of(genesis, store), store, store.latest())
            reply = finish(chat, question)
        assert reply.token_ids == expected.token_ids
        assert reply.prompt_tokens == expected.prompt_tokens
        # Nothing is read again: the state was kept beside the history.
        assert reply.prefilled_tokens == expected.prefilled_tokens


def test_receipts_tell_how_a_reply_came_about(genesis: Genesis, tmp_path: Path) -> None:
    with Store.open(tmp_path / "history.sqlite3") as store:
        chat = Chat(engine_of(genesis, store), store)
        reply = finish(chat, "Hello!")
        assert chat.conversation is not None
        message = store.branch(chat.conversation.id)[-1]
    receipt = message.receipt
    assert receipt is not None
    assert message.token_ids == reply.token_ids
    assert (receipt.seed, receipt.finish_reason) == (reply.settings.seed, "stop")
    assert receipt.settings["temperature"] == 0
    assert receipt.model_sha256 == genesis.model.sha256
    facts = loaded(genesis).facts
    assert (receipt.backend, receipt.dtype) == (facts.backend, facts.dtype)
    assert receipt.delta_rule is False


def test_a_message_is_on_the_disk_before_its_reply_begins(
    genesis: Genesis, tmp_path: Path
) -> None:
    path = tmp_path / "history.sqlite3"
    with Store.open(path) as store:
        chat = Chat(engine_of(genesis, store), store)
        events = chat.reply("Tell me a joke.", SETTINGS)
        next(events)
        with Store.open(path) as other:
            assert chat.conversation is not None
            question, reply = other.branch(chat.conversation.id)
        assert question.content == "Tell me a joke."
        assert reply.status == "writing"
        text = [event.text for event in events if isinstance(event, Text)]
        assert store.message(reply.id).content == "".join(text)


@pytest.mark.parametrize("end", ["closed", "cancelled", "failed"])
def test_a_reply_that_is_cut_short_is_kept(
    end: str, genesis: Genesis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(tmp_path / "history.sqlite3") as store:
        chat = Chat(engine_of(genesis, store), store)
        shown = ""
        if end == "failed":
            break_down(monkeypatch, 5, RuntimeError("out of memory"))
        events = chat.reply(
            "What are you made of?",
            SETTINGS,
            cancelled=lambda: end == "cancelled" and len(shown) > 8,
        )
        try:
            for event in events:
                if isinstance(event, Text):
                    shown += event.text
                if end == "closed" and len(shown) > 8:
                    events.close()
                    break
        except GenerationError:
            assert end == "failed"
        monkeypatch.undo()
        assert chat.conversation is not None
        reply = store.branch(chat.conversation.id)[-1]
        assert shown and reply.content == shown
        assert reply.status == ("failed" if end == "failed" else "interrupted")
        again = finish(chat, "What is the capital of Japan?")
        assert "Tokyo" in again.text


def test_a_message_too_long_is_kept_but_not_in_the_way(
    genesis: Genesis, tmp_path: Path
) -> None:
    with Store.open(tmp_path / "history.sqlite3") as store:
        chat = Chat(engine_of(genesis, store), store)
        with pytest.raises(ContextFullError):
            finish(chat, "word " * 5000)
        assert finish(chat, "Hello!").text
        assert chat.conversation is not None
        assert len(store.messages(chat.conversation.id)) == 3


def test_a_history_that_fails_costs_no_reply(
    genesis: Genesis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a full disk: the reply is shown whole, then the failure is told."""
    from genesis_chat.history import ReplyWriter

    def full(self: ReplyWriter, *values: Any) -> None:
        raise HistoryError("The history could not be written: disk is full.")

    expected = genesis.ask("What are you made of?", **vars(SETTINGS))
    shown = ""
    with Store.open(tmp_path / "history.sqlite3") as store:
        chat = Chat(engine_of(genesis, store), store)
        monkeypatch.setattr(ReplyWriter, "append", full)
        with pytest.raises(HistoryError, match="full"):
            for event in chat.reply("What are you made of?", SETTINGS):
                shown += event.text if isinstance(event, Text) else ""
    assert shown == expected


def test_a_killed_program_keeps_what_it_showed(home: Path) -> None:
    # The slower backend, so that it is still writing when it is killed.
    command = [*COMMAND, "ask", "Tell me a story", "--backend", "mlx", *ENDLESS]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=os.environ
    ) as process:
        assert process.stdout
        process.stdout.read(60)
        wait_until(lambda: len(on_the_disk(home)) > 30)
        process.send_signal(signal.SIGKILL)
    (question, reply) = stored(home)
    assert question == ("user", "complete", "Tell me a story")
    assert reply[1] == "interrupted"
    assert len(reply[2]) > 30


# The model is held back until its words are read: a pipe, and a queue, are soon full.
STALLED = """
import json, queue, sys
from pathlib import Path
from genesis_chat.chat import Chat
from genesis_chat.engine import Text, WorkerEngine
from genesis_chat.history import Store
from genesis_chat.settings import GenerationSettings

queue.SimpleQueue = lambda: queue.Queue(2)
engine = WorkerEngine(Path(sys.argv[1]) / "models" / "builtin", "builtin")
settings = GenerationSettings(temperature=50, top_k=0, top_p=1, max_tokens=900, seed=1)
with Store.open() as store:
    for event in Chat(engine, store).reply("Tell me a story", settings):
        if isinstance(event, Text):
            print(json.dumps([engine.pid, event.text, " " * 4096]), flush=True)
"""


def test_a_model_that_hangs_costs_nothing_that_was_shown(home: Path) -> None:
    command = [sys.executable, "-P", "-c", STALLED, str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        lines = [process.stdout.readline(), process.stdout.readline()]
        model = json.loads(lines[0])[0]
        os.kill(model, signal.SIGSTOP)

        def read() -> None:
            for line in process.stdout or ():
                lines.append(line)

        reader = threading.Thread(target=read)
        reader.start()
        try:
            wait_until(lambda: on_the_disk(home) == text_of(lines))
            kept = on_the_disk(home)
            process.send_signal(signal.SIGKILL)
            reader.join()
        finally:
            # A stopped process does not notice that its parent is gone.
            os.kill(model, signal.SIGKILL)
    role, status, content = stored(home)[1]
    assert (role, status) == ("assistant", "interrupted")
    # More may have come out of the pipe between that moment and the end.
    assert content.startswith(kept) and text_of(lines).startswith(content)


def text_of(lines: list[str]) -> str:
    return "".join(json.loads(line)[1] for line in lines)


def test_options_that_exclude_each_other(home: Path) -> None:
    for arguments in (
        ("-c", "--conversation", "01ABCD"),
        ("-c", "-s", "Be brief."),
    ):
        result = call("ask", "x", *arguments)
        assert (result.code, result.out) == (2, "")
        assert arguments[1] in result.err or "--system" in result.err
    result = call("ask", "-c", "x")
    assert (result.code, result.out) == (1, "")
    assert "No conversations yet" in result.err


def test_chat_continues(home: Path) -> None:
    call("chat", *GREEDY, stdin="My name is Bob.\n")
    result = call("chat", "-c", *GREEDY, stdin="What is my name?\n/new\nHello!\n")
    assert "Bob" in result.out.splitlines()[0]
    with Store.open(home / "history.sqlite3") as store:
        assert sorted(c.messages for c in store.conversations()) == [2, 4]


def test_history_commands(home: Path) -> None:
    call("ask", "My name is Bob.", *GREEDY)
    call("ask", "What is the capital of Japan?", *GREEDY)
    listed = json.loads(call("history", "list", "--json").out)
    assert [c["title"] for c in listed] == [
        "What is the capital of Japan?",
        "My name is Bob.",
    ]
    id = listed[1]["id"]
    shown = call("history", "show", id).out
    assert "My name is Bob." in shown and "You, " in shown and "Genesis, " in shown
    assert "Tokyo" in call("history", "show").out
    found = json.loads(call("history", "search", "tokyo", "--json").out)
    assert [hit["conversation"]["id"] for hit in found] == [listed[0]["id"]]
    assert call("history", "rename", id, "Bob", "again").code == 0
    assert "Bob again" in call("history", "list").out
    assert "restore" in call("history", "delete", id).err
    assert "Bob again" not in call("history", "list").out
    assert "Bob again" in call("history", "list", "--deleted").out
    assert call("history", "restore", id).code == 0
    assert call("history", "path").out.strip() == str(home / "history.sqlite3")
    assert call("history", "check").code == 0
    assert json.loads(call("history", "stats", "--json").out)["messages"] == 4
    copy = home / "copy.sqlite3"
    assert call("history", "backup", copy).code == 0
    with Store.open(copy) as store:
        assert len(store.conversations()) == 2
    assert call("history", "backup", copy).code == 1
    assert call("history", "show", "none").code == 1


def test_history_shows_thoughts_folded(home: Path) -> None:
    said = [
        NewMessage("user", "Hi", None),
        NewMessage("assistant", "Yes.", 0, thought="Hm \x1b[31m\n\nso"),
    ]
    with Store.open(home / "history.sqlite3") as store:
        store.insert([NewConversation("t", "", said)])
    folded = call("history", "show").out
    whole = call("history", "show", "--thoughts").out
    assert "[Thought; --thoughts shows it]\nYes." in folded and "Hm" not in folded
    assert "[Thought]\n> Hm \u241b[31m\n>\n> so\n\nYes." in whole


def test_history_shows_control_characters_as_text(home: Path) -> None:
    with Store.open(home / "history.sqlite3") as store:
        conversation = store.create(title="a\x1b]0;evil\x07b")
        store.add(conversation.id, "user", "x\x1b[31mred \u202e", parent=None)
    for command in (("list",), ("show",), ("search", "red")):
        out = call("history", *command).out
        assert "\x1b" not in out and "\x07" not in out and "\u202e" not in out


def test_purged_words_are_nowhere_on_the_disk(home: Path) -> None:
    call("ask", "Remember the word quixotically.", *GREEDY)
    call("ask", "My name is Bob.", *GREEDY)
    word = b"quixotically"
    assert any(word in path.read_bytes() for path in files_below(home))
    (kept, gone) = json.loads(call("history", "list", "--json").out)
    call("history", "delete", gone["id"])
    assert call("history", "purge", stdin="n\n").code == 130
    assert "quixotically" in call("history", "list", "--deleted").out
    assert "deleted 1 conversation." in call("history", "purge", "-y").err
    assert not any(word in path.read_bytes() for path in files_below(home))
    assert json.loads(call("history", "list", "--json").out) == [kept]
    assert call("history", "check").code == 0


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_leaves_the_context_is_said(home: Path) -> None:
    text = "blah " * 80
    said = []
    call("ask", text, *GREEDY, "--max-tokens", "4")
    for _ in range(10):
        result = call("ask", "-c", text, *GREEDY, "--max-tokens", "4")
        said.append("context full" in result.err)
        if said[-1]:
            break
    assert said[-1] and not said[0]
