"""What every subject of the built-in model keeps to."""

import random
import re
from typing import Any

import pytest

from genesis_chat.conversation import DEFAULT_SYSTEM_PROMPT, Message
from genesis_chat.training.builtin.conversation import Conversation, expected, plain
from genesis_chat.training.builtin.lists.split import words as words_of
from genesis_chat.training.builtin.subjects import Subject, honesty, jokes, subjects

DRAWN = 600
# All their replies answer any of their questions.
ONE_ANSWER = {honesty.NAME, jokes.NAME}
CONTEXT = 320
# Whole words that no model of ours should ever say.
CRUDE = set(
    words_of(
        """
        fuck fucking shit damn bitch bastard piss slut whore crap bloody
        nigger faggot retard arse asshole
        """
    )
)


@pytest.fixture(scope="module", params=subjects(), ids=lambda each: each.name)
def subject(request: pytest.FixtureRequest) -> Subject:
    found: Subject = request.param
    return found


@pytest.fixture(scope="module")
def trained(subject: Subject) -> list[Conversation]:
    rng = random.Random(1)
    return [subject.conversation(rng, False) for _ in range(DRAWN)]


@pytest.fixture(scope="module")
def held_out(subject: Subject) -> list[Conversation]:
    rng = random.Random(2)
    return [subject.conversation(rng, True) for _ in range(DRAWN)]


def words(conversation: Conversation) -> tuple[str, ...]:
    """A conversation without what tells apart small letters and full stops."""
    return tuple(plain(each.content) for each in conversation)


def test_the_same_numbers_give_the_same_conversations(
    subject: Subject, trained: list[Conversation]
) -> None:
    rng = random.Random(1)
    assert [subject.conversation(rng, False) for _ in range(DRAWN)] == trained


def test_training_never_sees_what_is_held_out(
    trained: list[Conversation], held_out: list[Conversation]
) -> None:
    assert {words(each) for each in trained}.isdisjoint(map(words, held_out))


def test_the_reply_expected_is_right(
    subject: Subject, trained: list[Conversation], held_out: list[Conversation]
) -> None:
    for each in (*trained, *held_out):
        assert subject.right(each, expected(each)), each
        assert subject.right(each, f" {expected(each)}\n"), each


@pytest.mark.parametrize("answer", ["", "I do not know.", "Hello, Nobody!", "-7777"])
def test_no_other_answer_is(
    subject: Subject, held_out: list[Conversation], answer: str
) -> None:
    assert not any(subject.right(each, answer) for each in held_out)


def test_the_reply_to_another_question_is_seldom_right(
    subject: Subject, held_out: list[Conversation]
) -> None:
    replies = [expected(each) for each in held_out]
    others = zip(held_out, [*replies[1:], replies[0]], strict=True)
    # The same reply is right when the next question happens to want it too.
    taken = [subject.right(each, reply) for each, reply in others]
    assert sum(taken) < DRAWN / 4 or subject.name in ONE_ANSWER


def test_what_another_subject_replies_is_seldom_right(
    subject: Subject, held_out: list[Conversation]
) -> None:
    rng = random.Random(3)
    others = [each for each in subjects() if each is not subject]
    replies = [expected(rng.choice(others).conversation(rng, True)) for _ in held_out]
    pairs = zip(held_out, replies, strict=True)
    assert sum(subject.right(each, reply) for each, reply in pairs) < DRAWN / 20


def test_turns_alternate_and_end_with_a_reply(
    trained: list[Conversation], held_out: list[Conversation]
) -> None:
    for conversation in (*trained, *held_out):
        roles = [each.role for each in conversation]
        turns = roles[1:] if roles[0] == "system" else roles
        assert turns == ["user", "assistant"] * (len(turns) // 2)
        assert len(turns) >= 2
        assert all(each.content.strip() == each.content for each in conversation)
        assert all(each.content for each in conversation)


def test_they_fit_the_context_that_is_trained(
    trained: list[Conversation], held_out: list[Conversation], tokenizer: Any
) -> None:
    for conversation in (*trained, *held_out):
        said = conversation
        if said[0].role != "system":
            said = (Message("system", DEFAULT_SYSTEM_PROMPT), *said)
        ids = sum(len(tokenizer.encode(each.content)) + 6 for each in said)
        assert ids <= CONTEXT, conversation


def test_nothing_crude_is_said(
    trained: list[Conversation], held_out: list[Conversation]
) -> None:
    for conversation in (*trained, *held_out):
        for each in conversation:
            assert CRUDE.isdisjoint(plain(each.content).split()), conversation


def test_replies_have_only_ascii_and_letters_of_latin(
    trained: list[Conversation], held_out: list[Conversation]
) -> None:
    for conversation in (*trained, *held_out):
        for each in conversation:
            if each.role == "assistant":
                assert re.fullmatch(r"[ -~\nÀ-ž]+", each.content), each


def test_names_weights_and_promises() -> None:
    names = [each.name for each in subjects()]
    assert len(set(names)) == len(names)
    assert all(each.weight > 0 and 0.5 < each.promised <= 1 for each in subjects())
