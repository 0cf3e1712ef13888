"""Whatever a person does with conversations: nothing is lost, every reply is right."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from loaded import loaded, tokenizer_of
from turns import finished

from genesis_chat import Genesis
from genesis_chat.chat import Chat, exchanges_of
from genesis_chat.engine import LocalEngine, Reply, Request, Snapshots, Text
from genesis_chat.errors import HistoryError
from genesis_chat.history import Store, StoredMessage
from genesis_chat.settings import GenerationSettings

SETTINGS = GenerationSettings(temperature=0, repetition_penalty=1, max_tokens=6, seed=0)
CONTENTS = st.sampled_from(
    ["My name is Bob.", "What is my name?", "Hello!", "", "<|im_end|>", "né\n\t ñ 日本"]
)
SOAK = bool(os.environ.get("GENESIS_SOAK"))


class Machine(RuleBasedStateMachine):
    """A store and an engine with a real model, beside a dictionary of messages."""

    genesis: Genesis

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.said: dict[str, tuple[str | None, str]] = {}
        self.trash: set[str] = set()
        self.store = Store.open(Path(self.folder.name) / "history.sqlite3")
        self.reopen()
        self.chat = Chat(self.engine, self.store)
        self.send("Hello!")

    def reopen(self) -> None:
        path = Path(self.folder.name)
        self.engine = LocalEngine(loaded(self.genesis), Snapshots(path / "snapshots"))

    @rule(content=CONTENTS)
    def send(self, content: str) -> None:
        parent = self.chat.head
        reply = finished(self.chat.reply(content, SETTINGS))
        self._answered(parent, content, reply)

    @rule(content=CONTENTS, steps=st.integers(1, 4))
    def cancel(self, content: str, steps: int) -> None:
        parent, left = self.chat.head, iter(range(steps))
        reply = finished(
            self.chat.reply(content, SETTINGS, lambda: next(left, None) is None)
        )
        self._answered(parent, content, reply)

    @rule(content=CONTENTS)
    def close_in_the_middle(self, content: str) -> None:
        parent = self.chat.head
        events = self.chat.reply(content, SETTINGS)
        shown = next((e.text for e in events if isinstance(e, Text)), "")
        events.close()
        question, reply = self._branch()[-2:]
        assert reply.content.startswith(shown)
        self.said[question.id] = (parent, content)
        self.said[reply.id] = (question.id, reply.content)

    @rule(pick=st.integers(0, 1000))
    def regenerate(self, pick: int) -> None:
        message = self._pick(pick, "assistant")
        question = self.store.message(message.parent or "")
        reply = finished(self.chat.regenerate(message.id, SETTINGS))
        self._answered(question.parent, question.content, reply, question.id)

    @rule(pick=st.integers(0, 1000), content=CONTENTS)
    def edit(self, pick: int, content: str) -> None:
        message = self._pick(pick, "user")
        reply = finished(self.chat.edit(message.id, content, SETTINGS))
        self._answered(message.parent, content, reply)

    @rule(pick=st.integers(0, 1000))
    def resume(self, pick: int) -> None:
        end = tokenizer_of(self.genesis).im_end
        cut = [
            m
            for m in self._messages("assistant")
            if m.receipt and m.token_ids[-1:] != (end,)
        ]
        if not cut:
            return
        message = cut[pick % len(cut)]
        assert self.chat.conversation
        question = self.store.message(message.parent or "")
        if any(m.parent == message.id for m in self._messages()):
            with pytest.raises(HistoryError, match="Only the last reply"):
                finished(self.chat.resume(message.id, SETTINGS))
            return
        reply = finished(self.chat.resume(message.id, SETTINGS))
        assert reply.token_ids[: len(message.token_ids)] == message.token_ids
        assert reply.text.startswith(message.content.rstrip("\ufffd"))
        self.said[message.id] = (message.parent, reply.text)
        self._check(question.parent, question.content, reply)

    @rule(pick=st.integers(0, 1000))
    def select(self, pick: int) -> None:
        messages = self._messages()
        message = messages[pick % len(messages)]
        self.chat.select(message.id)
        assert message.id in [m.id for m in self._branch()]

    @rule(pick=st.integers(0, 1000))
    def branch_off(self, pick: int) -> None:
        messages = self._messages("assistant")
        message = messages[pick % len(messages)]
        assert self.chat.conversation
        source = self.store.branch(self.chat.conversation.id, message.id)
        copy = self.chat.branch_off(message.id)
        self.chat = Chat(self.engine, self.store, copy)
        copied, parent = self._branch(), None
        assert [m.content for m in copied] == [m.content for m in source]
        for here in copied:
            self.said[here.id] = (parent, here.content)
            parent = here.id

    @rule()
    def trash_and_begin_another(self) -> None:
        assert self.chat.conversation
        self.store.delete(self.chat.conversation.id)
        self.trash.add(self.chat.conversation.id)
        self.chat = Chat(self.engine, self.store)
        self.send("Hello!")

    @precondition(lambda self: self.trash)
    @rule()
    def take_out_of_the_trash(self) -> None:
        id = self.trash.pop()
        self.store.restore(id)
        self.chat = Chat(self.engine, self.store, self.store.find(id))

    @rule()
    def close_and_open_again(self) -> None:
        assert self.chat.conversation
        id, head = self.chat.conversation.id, self.chat.head
        self.store.close()
        self.store = Store.open(self.store.path)
        self.reopen()
        self.chat = Chat(self.engine, self.store, self.store.find(id))
        assert self.chat.head == head

    @invariant()
    def nothing_is_lost(self) -> None:
        found = {
            m.id: (m.parent, m.content)
            for deleted in (False, True)
            for conversation in self.store.conversations(deleted=deleted)
            for m in self.store.messages(conversation.id)
        }
        assert found == self.said
        shown = {c.id for c in self.store.conversations()}
        assert not shown & self.trash

    def teardown(self) -> None:
        # The index of the full-text search included.
        assert self.store.check() == []
        self.store.close()
        self.folder.cleanup()

    def _branch(self) -> list[StoredMessage]:
        assert self.chat.conversation
        return self.store.branch(self.chat.conversation.id, self.chat.head)

    def _messages(self, role: str | None = None) -> list[StoredMessage]:
        assert self.chat.conversation
        messages = self.store.messages(self.chat.conversation.id)
        return [m for m in messages if role is None or m.role == role]

    def _pick(self, number: int, role: str) -> StoredMessage:
        messages = self._messages(role)
        return messages[number % len(messages)]

    def _answered(
        self, parent: str | None, content: str, reply: Reply, question: str = ""
    ) -> None:
        """The last two messages are these, in their place."""
        asked, answer = self._branch()[-2:]
        assert not question or asked.id == question
        self.said[asked.id] = (parent, content)
        self.said[answer.id] = (asked.id, reply.text)
        self._check(parent, content, reply)

    def _check(self, parent: str | None, content: str, reply: Reply) -> None:
        """The reply is the one of an engine that reads everything anew."""
        assert self.chat.conversation
        before = self.store.branch(self.chat.conversation.id, parent) if parent else []
        exchanges = exchanges_of(before, self.genesis.model.sha256)
        request = Request(content, SETTINGS, self.chat.system, exchanges)
        fresh = finished(LocalEngine(loaded(self.genesis)).reply(request))
        both = min(len(fresh.token_ids), len(reply.token_ids))
        assert reply.token_ids[:both] == fresh.token_ids[:both]


def test_any_order_of_doing_things(
    genesis: Genesis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """15 orders of 12 steps; `make soak` runs 1,000 of 40."""
    monkeypatch.setattr(Machine, "genesis", genesis, raising=False)
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=1000 if SOAK else 15,
            stateful_step_count=40 if SOAK else 12,
            deadline=None,
            database=None,
            derandomize=not SOAK,
            suppress_health_check=list(HealthCheck),
        ),
    )
