"""Conversations: what the state kept between turns is worth and when it is not."""

from collections.abc import Iterator

import pytest

from genesis_chat import Genesis
from genesis_chat.engine import Dropped, Event, Finished, PromptProgress, Reply, Text
from genesis_chat.engine.session import Session
from genesis_chat.errors import ContextFullError
from genesis_chat.settings import GenerationSettings

GREEDY = GenerationSettings(temperature=0)
CREATIVE = GenerationSettings(temperature=50, top_k=0, top_p=1, max_tokens=5000, seed=1)
FACT, RECALL = "My name is Anna.", "What is my name?"


def events_of(
    session: Session, content: str, settings: GenerationSettings = GREEDY
) -> list[Event]:
    return list(session.reply(content, settings))


def take(
    session: Session, content: str, settings: GenerationSettings = GREEDY
) -> Reply:
    last = events_of(session, content, settings)[-1]
    assert isinstance(last, Finished)
    return last.reply


def stops_after(count: int) -> Iterator[bool]:
    yield from [False] * count
    while True:
        yield True


def cancelled_reply(session: Session, content: str, steps: int) -> Reply:
    """Cancel after so many steps, the first of which reads the prompt."""
    stop = stops_after(steps - 1)
    events = list(session.reply(content, CREATIVE, cancelled=lambda: next(stop)))
    last = events[-1]
    assert isinstance(last, Finished)
    return last.reply


@pytest.mark.parametrize("ttt", [False, True])
def test_state_kept_gives_the_same_as_reading_everything(
    genesis: Genesis, ttt: bool
) -> None:
    settings = GenerationSettings(temperature=0, ttt=ttt, max_tokens=40)
    kept = genesis.session()
    for content in (FACT, "Tell me a joke", RECALL):
        forgetful = genesis.session()
        forgetful.exchanges = list(kept.exchanges)
        expected = take(forgetful, content, settings)
        found = take(kept, content, settings)
        assert found.token_ids == expected.token_ids
        assert (
            found.prompt_tokens == expected.prompt_tokens == expected.prefilled_tokens
        )
    assert found.prefilled_tokens < found.prompt_tokens


def test_events_come_in_order_and_add_up(genesis: Genesis) -> None:
    events = events_of(genesis.session(), FACT)
    kinds = [type(event) for event in events]
    assert kinds[0] is PromptProgress and kinds[-1] is Finished
    assert kinds.count(Finished) == 1 and kinds.count(Text) > 1
    texts = [event for event in events if isinstance(event, Text)]
    last = events[-1]
    assert isinstance(last, Finished)
    assert "".join(event.text for event in texts) == last.reply.text
    progress = [event for event in events if isinstance(event, PromptProgress)]
    assert progress[-1].done == progress[-1].total == last.reply.prefilled_tokens
    ids = [i for event in texts for i in event.token_ids]
    assert ids == list(last.reply.token_ids[: len(ids)])


def test_state_that_no_longer_fits_is_not_used(genesis: Genesis) -> None:
    session = genesis.session()
    take(session, FACT)
    take(session, "hello")
    session.exchanges.pop(0)
    reply = take(session, RECALL)
    assert reply.prefilled_tokens == reply.prompt_tokens
    assert "Anna" not in reply.text
    session.system = "You are a pirate."
    reply = take(session, "hello")
    assert reply.prefilled_tokens == reply.prompt_tokens


def test_common_beginning_of_an_edited_conversation_is_read_again_rightly(
    genesis: Genesis,
) -> None:
    edited, fresh = genesis.session(), genesis.session()
    take(edited, FACT)
    take(edited, "hello")
    edited.exchanges.pop()
    take(fresh, FACT)
    assert take(edited, RECALL).token_ids == take(fresh, RECALL).token_ids


def test_cancelled_reply_belongs_to_the_conversation(genesis: Genesis) -> None:
    session = genesis.session()
    take(session, FACT)
    reply = cancelled_reply(session, "Tell me something", steps=10)
    assert (reply.finish_reason, reply.reply_tokens) == ("cancelled", 9)
    following = take(session, RECALL)
    assert following.prefilled_tokens < following.prompt_tokens
    # All that was said is still there: the turns and the cut reply.
    assert following.prompt_tokens > reply.prompt_tokens + reply.reply_tokens


def test_reply_cancelled_before_its_first_token_never_was(genesis: Genesis) -> None:
    session, control = genesis.session(), genesis.session()
    take(session, FACT)
    take(control, FACT)
    reply = cancelled_reply(session, "Tell me something", steps=1)
    assert (reply.text, reply.reply_tokens) == ("", 0)
    assert reply.seconds_to_first_token is reply.tokens_per_second is None
    after, expected = take(session, RECALL), take(control, RECALL)
    assert after.token_ids == expected.token_ids
    assert after.prompt_tokens == expected.prompt_tokens
    assert after.prefilled_tokens == expected.prefilled_tokens


def test_closing_the_iterator_cancels(genesis: Genesis) -> None:
    session = genesis.session()
    events = session.reply("Tell me something", CREATIVE)
    for event in events:
        if isinstance(event, Text):
            break
    events.close()  # it is a generator
    following = take(session, "hello")
    assert following.prefilled_tokens < following.prompt_tokens


def test_message_that_cannot_fit_changes_nothing(genesis: Genesis) -> None:
    session, control = genesis.session(), genesis.session()
    take(session, FACT)
    take(control, FACT)
    with pytest.raises(ContextFullError, match="1024"):
        take(session, "word " * 3000)
    assert take(session, RECALL).token_ids == take(control, RECALL).token_ids


def test_reply_never_exceeds_the_context(genesis: Genesis) -> None:
    reply = take(genesis.session(), "x", CREATIVE)
    assert reply.finish_reason == "context"
    assert reply.prompt_tokens + reply.reply_tokens == genesis.model.context


def test_whole_exchanges_are_dropped_oldest_first(genesis: Genesis) -> None:
    session = genesis.session()
    settings = GenerationSettings(temperature=0, max_tokens=20)
    dropped, after_drop = 0, False
    for number in range(16):
        events = events_of(session, f"Number {number}: " + "blah " * 80, settings)
        drops = [event.exchanges for event in events if isinstance(event, Dropped)]
        dropped += sum(drops)
        last = events[-1]
        assert isinstance(last, Finished)
        reply, context = last.reply, last.context
        assert reply.prompt_tokens + reply.reply_tokens <= genesis.model.context
        assert context
        assert context.left_out == dropped
        assert context.used <= context.limit == genesis.model.context
        # The prompt is the one of a conversation without those that left.
        fresh = genesis.session()
        fresh.exchanges = session.exchanges[dropped:-1]
        control = take(fresh, session.exchanges[-1].content, settings)
        assert control.prompt_tokens == reply.prompt_tokens
        assert control.token_ids == reply.token_ids
        # Enough leaves at once that the turn after it reads only its own.
        if after_drop:
            assert not drops and reply.prefilled_tokens < reply.prompt_tokens
        after_drop = bool(drops)
    assert 0 < dropped < 16


def test_an_opened_conversation_drops_what_an_unbroken_one_did(
    genesis: Genesis,
) -> None:
    session = genesis.session()
    settings = GenerationSettings(temperature=0, max_tokens=20)
    for number in range(14):
        content = f"Number {number}: " + "blah " * 80
        opened = genesis.session()
        opened.exchanges = list(session.exchanges)
        last = events_of(session, content, settings)[-1]
        again = events_of(opened, content, settings)[-1]
        assert isinstance(last, Finished) and isinstance(again, Finished)
        assert again.context == last.context
        assert again.reply.prompt_tokens == last.reply.prompt_tokens
        assert again.reply.token_ids == last.reply.token_ids


def test_sessions_share_nothing(genesis: Genesis) -> None:
    first, second = genesis.session(), genesis.session()
    take(first, FACT)
    assert "Anna" not in take(second, RECALL).text
    assert "Anna" in take(first, RECALL).text
