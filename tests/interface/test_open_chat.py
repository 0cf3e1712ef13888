"""The state behind the chat screen, which needs no screen."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from turns import GREEDY

from genesis_chat.engine import Context, Text, Thought
from genesis_chat.history import Store
from genesis_chat.tui.chat.drafts import FOLDS, Drafts
from genesis_chat.tui.chat.open_chat import OpenChat
from genesis_chat.tui.chat.running_reply import RunningReply
from genesis_chat.tui.services.contents import branch_of, read_contents
from genesis_chat.tui.services.runs import unsent
from genesis_chat.tui.services.turns import Turn


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with Store.open(tmp_path / "history.sqlite3") as opened:
        yield opened


def asked_and_told(store: Store, *texts: str) -> list[str]:
    """A conversation's messages, questions and replies in turn; their ids."""
    id = store.create(system="Be brief.").id
    ids: list[str] = []
    for number, text in enumerate(texts):
        role: Any = "assistant" if number % 2 else "user"
        parent = ids[-1] if ids else None
        ids.append(store.add(id, role, text, parent=parent).id)
    return [id, *ids]


def test_a_chat_that_is_opened_is_as_it_was_kept(store: Store) -> None:
    id, *ids = asked_and_told(store, "a", "b", "c", "d")
    store.set_settings(id, {"temperature": 0.5, "seed": -1, "nosuch": 1, "top_k": "x"})
    chat = OpenChat(GREEDY, "Default.")
    assert (chat.id, chat.title, chat.system) == ("", "New chat", "Default.")
    chat.open(read_contents(store, id))
    assert (chat.id, chat.title, chat.system) == (id, "a", "Be brief.")
    assert [m.id for m in chat.branch] == ids and chat.last_reply == "d"
    assert chat.changed == {"temperature": 0.5} and chat.loses_seed
    assert chat.settings.temperature == 0.5 and chat.settings.max_tokens == 30
    turn = chat.turn(content="e")
    assert (turn.conversation, turn.head, turn.changed) == (id, ids[-1], {})
    chat.open(None)
    assert not chat.branch and not chat.changed and chat.system == "Default."


def test_a_new_chat_takes_its_settings_along() -> None:
    chat = OpenChat(GREEDY, "")
    chat.changed = {"top_k": 3}
    turn = chat.turn(content="a")
    assert turn.conversation is None and turn.changed == {"top_k": 3}
    assert turn.settings.top_k == 3


def test_versions_of_a_message_are_beside_each_other(store: Store) -> None:
    id, first, second = asked_and_told(store, "a", "b")
    other = store.add(id, "assistant", "b2", parent=first).id
    chat = OpenChat(GREEDY, "")
    chat.open(read_contents(store, id, second))
    assert [m.id for m in chat.branch] == [first, second]
    assert chat.alternative(chat.branch[1], 1) == other
    assert chat.alternative(chat.branch[1], -1) is None
    assert chat.alternative(chat.branch[0], 1) is None
    assert chat.place(second) == 1 and chat.place(other) is None


def test_where_the_context_begins_follows_the_branch(store: Store) -> None:
    id, *ids = asked_and_told(store, "a", "b", "c", "d")
    chat = OpenChat(GREEDY, "")
    # The second exchange has no text yet: only the first one can be counted.
    whole = read_contents(store, id)
    chat.open(whole)
    chat.follow(type(whole)(whole.conversation, whole.tree, whole.branch[:3]))
    chat.context = Context(used=9, limit=10, room=1, left_out=1, leaving=0)
    assert chat.left_out == 0
    chat.follow(whole)
    assert chat.left_out == 2 and chat.branch[chat.left_out].id == ids[2]


def test_a_circle_in_a_damaged_tree_ends(store: Store) -> None:
    from dataclasses import replace

    id, *ids = asked_and_told(store, "a", "b")
    tree = store.messages(id)
    tree[0] = replace(tree[0], parent=ids[1])
    assert [m.id for m in branch_of(tree, ids[1])] == ids
    assert branch_of(tree, None) == [] and branch_of(tree, "gone") == []


def test_a_reply_gathers_what_comes() -> None:
    running = RunningReply(Turn("reply", GREEDY, "", content="a"))
    assert running.unsent == "a" and running.beginning and running.is_of("")
    assert not running.is_of("other") and running.seconds == 0
    running.take(Thought("so", (1, 2), (0.0, 0.0)))
    running.take(Text("b", (3,), (0.0,)))
    assert (running.thought, running.text, running.tokens) == ("so", "b", 3)
    running.began("one", "two")
    assert running.unsent == "" and running.is_of("one") and not running.is_of("two")
    running.left()
    assert running.is_of("one") and not running.is_of("")


def asks(store: Store, count: list[int]) -> Callable[..., Awaitable[Any]]:
    async def ask(question: Callable[[Store], Any]) -> Any:
        count.append(1)
        return question(store)

    return ask


def test_a_draft_is_kept_once(store: Store) -> None:
    count: list[int] = []

    async def body() -> None:
        drafts = Drafts(asks(store, count))
        await drafts.keep("", "half")
        await drafts.keep("", "half")
        assert len(count) == 1 and store.draft() == "half"
        await drafts.send("half", "", "")
        assert (store.draft(unsent()), store.draft()) == ("half", "")
        # The history takes it away; the same text may be sent again.
        store.set_drafts({unsent(): ""})
        await drafts.send("half", "", "")
        assert store.draft(unsent()) == "half"

    run(body())


def test_a_draft_is_not_kept_after_its_message_when_keeping_was_cut_short(
    store: Store,
) -> None:
    async def body() -> None:
        never = asyncio.Event()
        cut = True

        async def ask(change: Any) -> Any:
            # The history does what it is asked, whoever has left meanwhile.
            done = change(store)
            if cut:
                await never.wait()
            return done

        drafts = Drafts(ask)
        drafts.opened("", "", "")
        folded = [("[paste]", "a\nb")]
        keeping = asyncio.ensure_future(drafts.keep("", "[paste]", folded))
        await asyncio.sleep(0)
        assert store.draft() == "[paste]"
        keeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await keeping
        cut = False
        await drafts.send("a\nb", "", "")
        assert (store.draft(unsent()), store.draft()) == ("a\nb", "")
        await drafts.keep("", "")
        assert not store.draft(FOLDS)

    run(body())


def test_a_new_chat_takes_its_draft_along(store: Store) -> None:
    count: list[int] = []

    async def body() -> None:
        drafts = Drafts(asks(store, count))
        await drafts.send("sent", "", "")
        await drafts.move("one", "")
        assert len(count) == 1
        await drafts.keep("", "more")
        await drafts.move("one", "more")
        assert (store.draft(), store.draft("one")) == ("", "more")

    run(body())


def test_what_was_not_sent_comes_first(store: Store) -> None:
    async def body() -> None:
        drafts = Drafts(asks(store, []))
        store.set_drafts({unsent(): "sent", "one": "begun"})
        await drafts.take_unsent("one")
        assert store.draft("one") == "sent\n\nbegun" and not store.draft(unsent())
        await drafts.give_back("again", "two")
        assert store.draft("two") == "again"

    run(body())


def run(body: Any) -> None:
    asyncio.run(body)
