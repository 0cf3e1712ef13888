"""Every way to go on with a kept conversation, in both carriers of the engine."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from loaded import loaded
from turns import GREEDY, WILD, finished

from genesis_chat import Genesis
from genesis_chat.chat import Chat
from genesis_chat.engine import Engine, LocalEngine, Reply, Text
from genesis_chat.errors import ContextFullError, HistoryError, UsageError
from genesis_chat.history import Store, StoredMessage

NAME, ASK = "My name is Bob.", "What is my name?"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "history.sqlite3") as store:
        yield store
        assert store.check() == []


@pytest.fixture
def chat(engine: Engine, store: Store) -> Chat[Store]:
    return Chat(engine, store)


def branch(chat: Chat[Store]) -> list[StoredMessage]:
    assert chat.conversation is not None
    return chat.store.branch(chat.conversation.id, chat.head)


def known(reply: Reply) -> int:
    """Tokens of the prompt that were not read."""
    return reply.prompt_tokens - reply.prefilled_tokens


def test_regenerated_replies_are_siblings(chat: Chat[Store]) -> None:
    first = finished(chat.reply(NAME, GREEDY))
    second = finished(chat.reply(ASK, GREEDY))
    question, reply = branch(chat)[2:]
    again = finished(chat.regenerate(reply.id, GREEDY))
    assert again.token_ids == second.token_ids
    # It starts from the state after the first exchange.
    assert known(again) >= first.prompt_tokens + first.reply_tokens - 1
    other = finished(chat.regenerate(question.id, replace(WILD, max_tokens=9)))
    assert other.token_ids != second.token_ids
    siblings = [
        m for m in chat.store.messages(question.conversation) if m.parent == question.id
    ]
    assert [m.content for m in siblings] == [second.text, again.text, other.text]
    assert chat.head == siblings[2].id
    chat.select(reply.id)
    assert [m.id for m in branch(chat)][2:] == [question.id, reply.id]


def test_an_edited_message_starts_another_branch(
    chat: Chat[Store], genesis: Genesis
) -> None:
    finished(chat.reply("Hello!", GREEDY))
    first = finished(chat.reply(NAME, GREEDY))
    finished(chat.reply(ASK, GREEDY))
    old = branch(chat)
    edited = finished(chat.edit(old[2].id, "My name is Anna.", GREEDY))
    encode = loaded(genesis).tokenizer.encode
    longer = len(encode("My name is Anna.")) - len(encode(NAME))
    assert edited.prompt_tokens == first.prompt_tokens + longer
    assert known(edited) > 0
    reply = finished(chat.reply(ASK, GREEDY))
    assert "Anna" in reply.text
    assert [m.content for m in branch(chat)][2] == "My name is Anna."
    # Nothing of the first branch is lost, and it goes on as ever.
    chat.select(old[2].id)
    assert [m.id for m in branch(chat)] == [m.id for m in old]
    assert "Bob" in finished(chat.reply(ASK, GREEDY)).text


def test_the_first_message_can_be_edited(chat: Chat[Store]) -> None:
    finished(chat.reply(NAME, GREEDY))
    finished(chat.edit(branch(chat)[0].id, "My name is Anna.", GREEDY))
    assert branch(chat)[0].content == "My name is Anna."
    assert "Anna" in finished(chat.reply(ASK, GREEDY)).text


def test_branching_off_copies_and_reads_nothing_again(chat: Chat[Store]) -> None:
    first = finished(chat.reply(NAME, GREEDY))
    finished(chat.reply("Hello!", GREEDY))
    copy = chat.branch_off(branch(chat)[1].id)
    other = Chat(chat.engine, chat.store, copy)
    reply = finished(other.reply(ASK, GREEDY))
    assert "Bob" in reply.text
    assert known(reply) >= first.prompt_tokens + first.reply_tokens - 1
    assert [m.content for m in branch(other)][:2] == [NAME, first.text]
    assert len(branch(chat)) == 4


@pytest.mark.parametrize("settings", [GREEDY, replace(WILD, max_tokens=40, seed=7)])
@pytest.mark.parametrize("count", [1, 3, 4])
def test_a_cut_reply_goes_on_from_its_exact_token(
    count: int, settings: object, chat: Chat[Store], genesis: Genesis
) -> None:
    """With its seed it becomes, token for token, what it would have been."""
    from genesis_chat.settings import GenerationSettings

    assert isinstance(settings, GenerationSettings)
    whole = finished(genesis.session(chat.system).reply(NAME, settings))
    assert whole.reply_tokens > count
    finished(chat.reply(NAME, replace(settings, max_tokens=count)))
    cut = branch(chat)[-1]
    assert cut.token_ids == whole.token_ids[:count]
    assert settings.max_tokens
    left = settings.max_tokens - count
    unseeded = replace(settings, seed=None, max_tokens=left)
    reply = finished(chat.resume(cut.id, unseeded))
    assert reply.token_ids == whole.token_ids
    assert reply.text == whole.text
    assert reply.prefilled_tokens <= 1
    stored = branch(chat)[-1]
    assert (stored.id, stored.content) == (cut.id, whole.text)
    assert stored.token_ids == whole.token_ids
    assert len(branch(chat)) == 2
    found = chat.store.search(whole.text.split()[0])
    assert found or not whole.text.split()[0].isalnum()


def test_a_closed_reply_goes_on_too(chat: Chat[Store], genesis: Genesis) -> None:
    whole = finished(genesis.session(chat.system).reply(NAME, GREEDY))
    events = chat.reply(NAME, GREEDY)
    for event in events:
        if isinstance(event, Text):
            break
    events.close()
    cut = branch(chat)[-1]
    assert cut.status == "interrupted" and cut.content
    assert finished(chat.resume(cut.id, GREEDY)).token_ids == whole.token_ids
    assert branch(chat)[-1].content == whole.text
    assert branch(chat)[-1].status == "complete"


def test_what_cannot_go_on_says_so(chat: Chat[Store], genesis: Genesis) -> None:
    finished(chat.reply(NAME, GREEDY))
    question, reply = branch(chat)
    with pytest.raises(UsageError, match="nothing to continue"):
        finished(chat.resume(reply.id, GREEDY))
    with pytest.raises(HistoryError, match="message"):
        finished(chat.resume(question.id, GREEDY))
    finished(chat.reply("Hello!", replace(GREEDY, max_tokens=2)))
    cut = branch(chat)[-1]
    other = LocalEngine(replace(loaded(genesis), sha256="0" * 64))
    with pytest.raises(HistoryError, match="another model"):
        finished(Chat(other, chat.store, chat.conversation).resume(cut.id, GREEDY))
    assert branch(chat)[-1] == cut
    with pytest.raises(HistoryError):
        finished(chat.edit(reply.id, "x", GREEDY))
    with pytest.raises(UsageError):
        finished(chat.reply("x", replace(GREEDY, top_p=2)))
    assert len(branch(chat)) == 4


def test_the_gauge_counts_what_the_next_prompt_begins_with(chat: Chat[Store]) -> None:
    empty = chat.context(GREEDY) if chat.conversation else None
    assert empty is None
    for content in (NAME, "Hello!", ASK):
        reply = finished(chat.reply(content, GREEDY))
    context = chat.context(GREEDY)
    after = finished(chat.reply("x", GREEDY))
    turn = after.prompt_tokens - context.used
    assert 0 < turn < 20
    assert context.used >= reply.prompt_tokens + reply.reply_tokens
    assert context.limit == chat.engine.model.context
    assert context.left_out == 0
    assert GREEDY.max_tokens
    assert context.room + context.used + GREEDY.max_tokens == context.limit


def test_the_gauge_tells_what_leaves_next(chat: Chat[Store]) -> None:
    long = "blah " * 80
    settings = replace(GREEDY, max_tokens=4)
    before = None
    for _ in range(12):
        finished(chat.reply(long, settings))
        context = chat.context(settings)
        if before and context.left_out > before.left_out:
            assert context.left_out - before.left_out == before.leaving
            break
        before = context
    else:
        raise AssertionError("nothing left")
    with pytest.raises(ContextFullError, match=r"\d+ tokens.*1024"):
        finished(chat.reply("word " * 2000, settings))


@pytest.fixture
def stop_after() -> Callable[[int], Callable[[], bool]]:
    def make(count: int) -> Callable[[], bool]:
        left = iter(range(count))
        return lambda: next(left, None) is None

    return make


def test_another_question_during_an_unfinished_one(
    chat: Chat[Store], stop_after: Callable[[int], Callable[[], bool]]
) -> None:
    cut = finished(chat.reply(NAME, WILD, stop_after(6)))
    assert cut.finish_reason == "cancelled"
    assert cut.reply_tokens < 900
    assert branch(chat)[-1].status == "interrupted"
    reply = finished(chat.reply(ASK, GREEDY))
    assert reply.finish_reason == "stop"
