"""What training never sees."""

import pytest

from genesis_chat.training.builtin.conversation import (
    OPENINGS,
    Split,
    informal,
    is_held_out,
    opened,
    plain,
    says,
    unopened,
)


def test_a_split_leaves_nothing_out_and_shares_nothing() -> None:
    values = [f"word{i}" for i in range(40)]
    split = Split(values)
    assert sorted((*split.training, *split.held_out)) == sorted(values)
    assert len(split.held_out) == 10


def test_a_split_does_not_depend_on_the_order() -> None:
    values = [f"word{i}" for i in range(40)]
    again = Split([values[0], *values[:0:-1]])
    assert set(again.held_out) == set(Split(values).held_out)


def test_the_same_words_in_other_letters_are_on_one_side() -> None:
    split = Split(["Hello!", "hello", "HELLO.", "Bye", "bye!", "Good day", "Hi", "Hey"])
    assert not {plain(t) for t in split.training} & {plain(h) for h in split.held_out}


def test_the_first_are_always_trained() -> None:
    split = Split([f"word{i}" for i in range(40)], always_trained=12)
    assert {f"word{i}" for i in range(12)} <= set(split.training)


@pytest.mark.parametrize("values", [[], ["one"], ["one", "ONE"]])
def test_too_few_to_split(values: list[str]) -> None:
    with pytest.raises(ValueError, match="too few"):
        Split(values)


def test_about_one_in_eight_is_held_out() -> None:
    held = sum(is_held_out(f"{i} plus {j}") for i in range(50) for j in range(50))
    assert 200 < held < 420
    assert is_held_out("What is 3 plus 4?") == is_held_out("what is 3 plus 4")


@pytest.mark.parametrize(
    ("answer", "asked", "said"),
    [
        ("You live in Rome.", "Rome", True),
        ("You live in Romeo.", "Rome", False),
        ("ROME", "Rome", True),
        ("The capital is Port-au-Prince.", "Port-au-Prince", True),
        ("You are 31.", "3", False),
        ("", "Rome", False),
    ],
)
def test_whole_words_are_said(answer: str, asked: str, said: bool) -> None:
    assert says(answer, asked) is said


def test_informal_questions_keep_their_words() -> None:
    import random

    rng = random.Random(3)
    typed = {informal(rng, "What is GLA?") for _ in range(200)}
    assert {plain(each) for each in typed} == {"what is gla"}
    assert "What is GLA?" in typed and "what is gla?" in typed


@pytest.mark.parametrize("words", ["What is GLA?", "I am fine.", "Genesis, hi", "OK"])
def test_openings_come_before_the_same_words(words: str) -> None:
    import random

    rng = random.Random(4)
    typed = {opened(rng, words) for _ in range(200)}
    assert len(typed) == len(OPENINGS)
    assert {each.removeprefix("OK, ") for each in typed} >= {words}
    assert {unopened(each) for each in typed} == {plain(words)}
    proper = words.startswith(("I ", "Genesis", "OK"))
    assert any(f", {words}" in each for each in typed) is proper
