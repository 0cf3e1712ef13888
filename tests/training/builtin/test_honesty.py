"""What the built-in model is taught to say to everything outside of its subjects."""

import random
from collections.abc import Callable

import pytest

from genesis_chat.training.builtin.conversation import expected, plain, question
from genesis_chat.training.builtin.outside.prompts import held_out, kinds, prompt
from genesis_chat.training.builtin.outside.refusals import REFUSALS, is_refusal
from genesis_chat.training.builtin.subjects import Subject, honesty, subjects

DRAWS = 20_000
OTHERS = [each for each in subjects() if each.name != honesty.NAME]


def test_the_fixed_prompts_are_of_thirty_kinds_of_their_own() -> None:
    assert len(held_out()) == 30 and not set(held_out()) & set(kinds())
    prompts = [text for each in held_out().values() for text in each]
    assert len(prompts) == len({plain(text) for text in prompts}) == 300


def test_none_of_them_is_trained_on() -> None:
    rng = random.Random(4)
    fixed = {plain(text) for each in held_out().values() for text in each}
    assert not fixed & {plain(prompt(rng)) for _ in range(DRAWS)}


def test_prompts_are_many_and_whole() -> None:
    rng = random.Random(5)
    drawn = [prompt(rng) for _ in range(DRAWS)]
    assert len(set(drawn)) > DRAWS / 2
    assert not any("{" in text or not text.strip() for text in drawn)


@pytest.mark.parametrize("held", [False, True])
def test_the_same_seed_gives_the_same(held: bool) -> None:
    one, other = (
        [honesty.conversation(rng, held) for _ in range(50)]
        for rng in (random.Random(7), random.Random(7))
    )
    assert one == other
    assert all(honesty.right(each, expected(each)) for each in one)


def test_what_counts_as_a_refusal() -> None:
    assert all(map(is_refusal, REFUSALS))
    for answer in (
        "The population of France is 67 million.",
        "I am only a tiny model.",
        "Press F2 to choose another model.",
        "",
    ):
        assert not is_refusal(answer)


@pytest.mark.parametrize("subject", OTHERS, ids=lambda each: each.name)
def test_replies_of_other_subjects_turn_nobody_away(subject: Subject) -> None:
    draw: Callable[[random.Random, bool], object] = subject.conversation
    assert draw is not honesty.conversation
    rng, asked = random.Random(8), 0
    for _ in range(300):
        conversation = subject.conversation(rng, False)
        asked += is_refusal(expected(conversation)) and bool(question(conversation))
    # How to get a bigger model is a question about the program, too.
    assert asked <= 30
