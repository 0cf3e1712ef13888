"""A conversation with the real SmolLM2 through the real program."""

import json
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from loaded import loaded
from terminal import COMMAND, call, run
from turns import finished
from waiting import wait_until

from genesis_chat import Genesis
from genesis_chat.engine import Session
from genesis_chat.history import Store, StoredMessage
from genesis_chat.settings import GenerationSettings

TOKENS = 10
OPTIONS = ("-m", "smollm2", "--temp", "0", "--repetition-penalty", "1")
SHORT = (*OPTIONS, "--max-tokens", str(TOKENS))
SETTINGS = GenerationSettings(
    temperature=0, repetition_penalty=1, max_tokens=TOKENS, seed=0
)
FIRST = "My name is Bob. I live in Rome."
CUT = "Tell me a long story about a dragon."


@pytest.fixture
def unbroken(home: Path) -> Iterator[Session]:
    """The same conversation, in memory and never interrupted."""
    genesis = Genesis.load("smollm2")
    yield genesis.session()
    loaded(genesis).format.close()


def ask(content: str, *options: str) -> dict[str, Any]:
    result = run("ask", content, *SHORT, *options, "--json")
    assert result.code == 0, result.err
    told: dict[str, Any] = json.loads(result.out)
    return told


def branch(home: Path) -> list[StoredMessage]:
    with Store.open(home / "history.sqlite3") as store:
        latest = store.latest()
        assert store.check() == []
        return store.branch(latest.id) if latest else []


def written(home: Path) -> str:
    """What is on the disk of the reply that another program writes."""
    messages = branch(home)
    return messages[-1].content if messages else ""


def same(told: dict[str, Any], session: Session, content: str) -> None:
    """A turn is what it is in an unbroken conversation, and as much is read."""
    reply = finished(session.reply(content, SETTINGS))
    assert tuple(told["token_ids"]) == reply.token_ids
    assert told["prompt_tokens"] == reply.prompt_tokens
    assert told["prefilled_tokens"] == reply.prefilled_tokens
    # Nothing of what was said before, but for a token whose reading nobody awaited.
    assert reply.prefilled_tokens <= reply.prompt_tokens - known(session)


def known(session: Session) -> int:
    """What the last turn but one has left to go on from, at the least."""
    before = session.exchanges[:-1]
    return sum(len(each.token_ids) for each in before) - 1 if before else 0


def test_ten_turns_killed_resumed_edited_and_taken_along(
    home: Path, unbroken: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    same(ask(FIRST), unbroken, FIRST)
    for content in ("What is my name?", "Where do I live?"):
        last = ask(content, "-c")
        same(last, unbroken, content)

    # Killed in the middle of a reply, which goes on from its exact token.
    program = subprocess.Popen(
        [*COMMAND, "ask", "-c", CUT, *OPTIONS, "--max-tokens", "2000"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: len(branch(home)) == 8 and len(written(home)) > 20)
    program.send_signal(signal.SIGKILL)
    program.wait()
    cut = branch(home)[-1]
    assert cut.status in {"interrupted", "writing"} and cut.token_ids
    wanted = replace(SETTINGS, max_tokens=len(cut.token_ids) + TOKENS)
    whole = finished(unbroken.reply(CUT, wanted))
    lines = "/continue\nWhat is a dragon?\n/again\nAnd a knight?\n/edit And a king?\n"
    result = run("chat", "--plain", "-c", *SHORT, "--stats", stdin=lines)
    assert result.code == 0, result.err
    resumed, *later = branch(home)[7:]
    assert (resumed.id, resumed.content) == (cut.id, whole.text)
    assert resumed.token_ids == whole.token_ids
    # Its question and what was on the disk of it, and no word of an earlier turn.
    receipt = resumed.receipt
    assert receipt
    known_tokens = last["prompt_tokens"] + len(last["token_ids"]) - 1
    read = receipt.prompt_tokens - known_tokens + len(cut.token_ids)
    assert receipt.prefilled_tokens <= read
    again, edited = later[1], later[3]
    for message, content in ((again, "What is a dragon?"), (edited, "And a king?")):
        reply = finished(unbroken.reply(content, SETTINGS))
        assert (message.content, message.token_ids) == (reply.text, reply.token_ids)
        assert message.receipt and message.receipt.finish_reason == reply.finish_reason
    # Its question had been read, and of the edited one what both begin with.
    assert again.receipt and again.receipt.prefilled_tokens == 1
    assert edited.receipt and edited.receipt.prefilled_tokens < reply.prefilled_tokens

    # Taken along to another computer, with every branch, and continued there.
    exported = tmp_path / "all.json"
    assert call("history", "export", "--format", "json", "-o", exported).code == 0
    before = branch(home)
    monkeypatch.setenv("GENESIS_CHAT_HOME", str(tmp_path / "other"))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "models").symlink_to(home / "models")
    assert call("history", "import", exported).code == 0
    after = branch(tmp_path / "other")
    assert [(m.content, m.token_ids) for m in after] == [
        (m.content, m.token_ids) for m in before
    ]
    # There are no states there yet: the first turn reads everything, later ones not.
    for number, content in enumerate(("Thank you.", "What is my name?", "Bye!")):
        told, reply = ask(content, "-c"), finished(unbroken.reply(content, SETTINGS))
        assert tuple(told["token_ids"]) == reply.token_ids
        expected = reply.prefilled_tokens if number else reply.prompt_tokens
        assert told["prefilled_tokens"] == expected
    with Store.open(tmp_path / "other" / "history.sqlite3") as store:
        latest = store.latest()
        assert latest and len(store.branch(latest.id)) == 18
        # The regenerated reply, and the question as it was before.
        assert latest.messages == len(store.messages(latest.id)) == 21
