"""Prompts outside of the subjects: unlike the fixed ones, and beside those inside."""

import random
from collections import defaultdict
from typing import Any

import pytest

from genesis_chat.training.builtin.conversation import expected, plain, question
from genesis_chat.training.builtin.outside.fillers import filler
from genesis_chat.training.builtin.outside.prompts import held_out, kinds, prompt
from genesis_chat.training.builtin.outside.questions import questions
from genesis_chat.training.builtin.outside.refusals import BIGGER, REFUSALS, is_refusal
from genesis_chat.training.builtin.subjects import Subject, facts, honesty, subjects

DRAWS = 30_000
INSIDE = [each for each in subjects() if each.name != honesty.NAME]
# Of the words of two prompts together, those that both have.
ALIKE = 0.75
NEAR = (
    ("near countries", "What is the largest city of {place}?"),
    ("facts of countries", "What is the population of {place}?"),
    ("near words", "Translate {word}"),
    ("near sums", "{mid} * {big}"),
    ("near amusement", "Tell me the news."),
    ("near greetings", "How do you say hello in {other}?"),
    ("near calendar", "Which holiday is in {month}?"),
    ("near this program", "How do I search in {app}?"),
)


@pytest.fixture(scope="module")
def trained() -> list[str]:
    rng = random.Random(11)
    return [prompt(rng) for _ in range(DRAWS)]


def test_no_fixed_prompt_is_like_one_that_is_trained(trained: list[str]) -> None:
    sets = {frozenset(plain(text).split()) for text in trained}
    by_word = defaultdict(set)
    for words in sets:
        for word in words:
            by_word[word].add(words)
    for text in (text for each in held_out().values() for text in each):
        asked = frozenset(plain(text).split())
        # What is alike enough has at least one of the rarest words.
        rare = sorted(asked, key=lambda word: len(by_word[word]))
        for word in rare[: len(rare) // 4 + 1]:
            for words in by_word[word]:
                assert len(asked & words) < ALIKE * len(asked | words), (text, words)


def test_no_prompt_is_a_question_of_a_subject(trained: list[str]) -> None:
    rng = random.Random(12)
    outside = {text.casefold().rstrip(".?!") for text in trained}
    for subject in INSIDE:
        for _ in range(1_500):
            conversation = subject.conversation(rng, rng.random() < 0.3)
            asked = question(conversation).casefold().rstrip(".?!")
            assert asked not in outside, (subject.name, asked)


@pytest.mark.parametrize(("kind", "template"), NEAR)
def test_near_misses_are_trained(kind: str, template: str) -> None:
    assert template in kinds()[kind]


def test_kinds_are_many_and_fields_are_filled() -> None:
    assert len(kinds()) >= 25
    assert all(len(set(each)) >= 3 or len(each) <= 4 for each in kinds().values())
    rng = random.Random(13)
    assert all(int(filler(rng, "mid")) > 12 for _ in range(100))
    assert len(questions()) > 100


def test_refusals_are_short_and_varied(tokenizer: Any) -> None:
    assert len(set(REFUSALS)) == 12
    for text in REFUSALS:
        assert is_refusal(text) and len(tokenizer.encode(text)) <= 30, text


def test_refusals_stand_inside_of_conversations() -> None:
    rng = random.Random(14)
    lengths = {len(honesty.conversation(rng, False)) for _ in range(300)}
    assert lengths == {2, 4}
    recalled = [facts.conversation(rng, False) for _ in range(600)]
    turns = [m.content for each in recalled for m in each[1:-2:2]]
    assert sum(map(is_refusal, turns)) > 20


@pytest.mark.parametrize("subject", INSIDE, ids=lambda each: each.name)
def test_a_refusal_is_wrong_inside(subject: Subject) -> None:
    rng = random.Random(15)
    for _ in range(200):
        conversation = subject.conversation(rng, True)
        # What is said of bigger models is right where it is asked for.
        if not BIGGER.search(expected(conversation)):
            assert not any(subject.right(conversation, text) for text in REFUSALS)


@pytest.mark.parametrize(
    "answer",
    ["Paris.", "The population of France is 67 million people.", "Quelle question !"],
)
def test_an_answer_is_wrong_outside(answer: str) -> None:
    rng = random.Random(16)
    assert not honesty.right(honesty.conversation(rng, True), answer)
