"""Turns with a model's own template: little is read again, thoughts stay apart."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from chat_models import CHATML, OPENED, THINKING
from scripted_replies import Scripted
from turns import finished

from genesis_chat.chat import Chat
from genesis_chat.engine import Finished, LocalEngine, Snapshots, Text, Thought
from genesis_chat.history import Store
from genesis_chat.history.exchange import read_import, write_file
from genesis_chat.settings import GenerationSettings

SETTINGS = GenerationSettings(max_tokens=900, seed=1)
THOUGHT = "<think>\nthe " + "hell " * 40 + "\n</think>\n\n"
Script = Callable[..., Scripted]


def engine(model: Scripted, folder: Path | None = None) -> LocalEngine:
    return LocalEngine(cast(Any, model), Snapshots(folder) if folder else None)


def ends_with(reply: str, end: str = "<|im_end|>") -> str:
    return f"{reply}{end}"


def test_thoughts_and_replies_come_as_events_of_their_own(
    script: Script, tmp_path: Path
) -> None:
    model = script(THINKING, ends_with("<think>\nHm, the hell.\n</think>\n\nThe end."))
    with Store.open(tmp_path / "history.sqlite3") as store:
        chat = Chat(engine(model), store)
        events = list(chat.reply("Hi", SETTINGS))
        thoughts = [e for e in events if isinstance(e, Thought)]
        texts = [e for e in events if isinstance(e, Text)]
        assert "".join(e.text for e in thoughts) == "Hm, the hell."
        assert "".join(e.text for e in texts) == "The end."
        assert events.index(thoughts[-1]) < events.index(texts[0])
        last = events[-1]
        assert isinstance(last, Finished)
        reply = last.reply
        assert (reply.thought, reply.text) == ("Hm, the hell.", "The end.")
        assert 0 < reply.thought_tokens < reply.reply_tokens
        assert reply.thought_seconds is not None and reply.thought_seconds >= 0
        told = [i for e in events if isinstance(e, Thought | Text) for i in e.token_ids]
        assert list(reply.token_ids[: len(told)]) == told
        assert chat.head
        stored = store.message(chat.head)
        assert (stored.thought, stored.content) == (reply.thought, reply.text)
        assert stored.token_ids == reply.token_ids and stored.receipt
        assert stored.receipt.thought_tokens == reply.thought_tokens
        assert store.check() == [] and store.search("hell") == []


@pytest.mark.parametrize("on_disk", [False, True])
@pytest.mark.parametrize("template", [CHATML, THINKING, OPENED])
def test_a_turn_reads_only_what_is_new(
    template: str, on_disk: bool, script: Script, tmp_path: Path
) -> None:
    """With thoughts left out too: all before the reply's header is known."""
    thought = "" if template == CHATML else THOUGHT
    if template == OPENED:
        thought = thought.removeprefix("<think>\n")
    answer = ends_with(f"{thought}The end.")
    model = script(template, *[answer] * 4)
    settings = replace(SETTINGS, max_tokens=2000)
    snapshots = tmp_path / "states" if on_disk else None
    with Store.open(tmp_path / "history.sqlite3") as store:
        chat = Chat(engine(model, snapshots), store)
        for number in range(4):
            # As when the program was closed in between.
            chat.engine = engine(model, snapshots) if on_disk else chat.engine
            finished(chat.reply("Why? " * 30 + str(number), settings))
    whole = [len(prompt) for prompt in model.prompts]
    assert model.anew[0] == whole[0]
    for number in (1, 2, 3):
        grown = whole[number] - whole[number - 1]
        assert model.anew[number] <= grown + 20, (model.anew, whole)
        assert model.anew[number] < whole[number] / 2 or number == 1


def test_a_cut_thought_goes_on(script: Script, tmp_path: Path) -> None:
    whole = "<think>\nabcd\n</think>\n\nThe end."
    model = script(THINKING, whole, "cd\n</think>\n\nThe end.<|im_end|>")
    with Store.open(tmp_path / "history.sqlite3") as store:
        chat = Chat(engine(model), store)
        size = len(model.tokenizer.encode_rendered("<think>\nab"))
        cut = finished(chat.reply("Hi", replace(SETTINGS, max_tokens=size)))
        assert (cut.thought, cut.text, cut.finish_reason) == ("ab", "", "length")
        assert chat.head
        events = list(chat.resume(chat.head, SETTINGS))
        stored = store.message(chat.head)
        assert (stored.thought, stored.content) == ("abcd", "The end.")
        last = events[-1]
        assert isinstance(last, Finished) and last.reply.thought == "abcd"
        # What it had begun with is not read as a new prompt would be.
        assert model.prompts[1][: len(model.prompts[0])] == model.prompts[0]


def test_branches_exports_and_imports_keep_thoughts(
    script: Script, tmp_path: Path
) -> None:
    model = script(THINKING, ends_with("<think>Hm.</think>Yes."))
    with Store.open(tmp_path / "history.sqlite3") as store:
        chat = Chat(engine(model), store)
        finished(chat.reply("Hi", SETTINGS))
        assert chat.head and chat.conversation
        copy = chat.branch_off(chat.head)
        assert [m.thought for m in store.messages(copy.id)] == ["", "Hm."]
        path = tmp_path / "chat.json"
        write_file(
            [(chat.conversation, store.messages(chat.conversation.id))], "json", path
        )
        assert "Hm." in json.dumps(json.loads(path.read_text()))
        (added,) = store.insert(read_import(path, None))
        assert [m.thought for m in store.messages(added.id)] == ["", "Hm."]
        receipts = [m.receipt for m in store.messages(added.id)]
        assert receipts[1] and receipts[1].thought_tokens > 0
