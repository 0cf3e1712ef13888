"""Replies decoded in one step, by every backend that can: what they are alone."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from checkpoints import SMALL_VOCAB
from configurations import random_ids
from tolerances import SPLIT

from backends.contract import Drawn, FollowsTogether, LanguageModel, State, Stepper
from backends.sampling_settings import SamplingSettings

# One token, a block of keys but for one, one more, and what a chat begins with.
LENGTHS = (63, 1, 65, 20, 64)
STEPS = 5
# All of the vocabulary's log probabilities are told.
SETTINGS = SamplingSettings(temperature=0, alternatives=SMALL_VOCAB)


class Reply:
    """One in the making, with what has been drawn of it."""

    def __init__(self, model: LanguageModel, number: int, ttt: bool = False) -> None:
        prompt = random_ids(LENGTHS[number], seed=number)
        self.state: State = model.new_state(["ttt"] if ttt else [])
        settings = replace(SETTINGS, temperature=0.9 * (number % 2), seed=number)
        self.stepper: Stepper = model.stepper(self.state, settings, prompt, False)
        self.stepper.read(prompt)
        self.drawn: list[Drawn] = [self.stepper.draw().result()]

    def follow(self, count: int) -> None:
        self.drawn += [self.stepper.follow().result() for _ in range(count)]


def follow(model: LanguageModel, replies: Sequence[Reply]) -> None:
    assert isinstance(model, FollowsTogether)
    steps = model.follow_together([reply.stepper for reply in replies])
    for reply, step in zip(replies, steps, strict=True):
        reply.drawn.append(step.result())


def assert_alike(found: Reply, expected: Reply) -> None:
    """The same tokens, and logits that differ by rounding only."""
    assert [each.token for each in found.drawn] == [
        each.token for each in expected.drawn
    ]
    assert found.state.offset == expected.state.offset
    for ours, theirs in zip(found.drawn, expected.drawn, strict=True):
        likely = dict(ours.alternatives)
        assert len(likely) == SMALL_VOCAB
        for token, value in theirs.alternatives:
            assert likely[token] == pytest.approx(value, rel=0, abs=SPLIT)


@pytest.mark.parametrize("ttt", [False, True])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_they_are_what_they_are_alone(
    model: LanguageModel, count: int, ttt: bool
) -> None:
    assert model.features.together
    alone = [Reply(model, number, ttt) for number in range(count)]
    for reply in alone:
        reply.follow(STEPS)
    replies = [Reply(model, number, ttt) for number in range(count)]
    for _ in range(STEPS):
        follow(model, replies)
    for found, expected in zip(replies, alone, strict=True):
        assert_alike(found, expected)


def test_some_adapt_and_some_do_not(model: LanguageModel) -> None:
    alone = [Reply(model, number, number in (1, 3, 4)) for number in range(5)]
    for reply in alone:
        reply.follow(STEPS)
    replies = [Reply(model, number, number in (1, 3, 4)) for number in range(5)]
    for _ in range(STEPS):
        follow(model, replies)
    for found, expected in zip(replies, alone, strict=True):
        assert_alike(found, expected)


def test_they_come_and_go_at_any_token(model: LanguageModel) -> None:
    """In another order, by themselves for a while, and back again."""
    replies = [Reply(model, number) for number in range(5)]
    groups = ((0, 1, 2), (2, 0), (3, 0, 2, 4), (4,), (0, 1, 2, 3, 4), (1, 3), (3, 1))
    taken = [0] * 5
    for group in groups:
        for number in group:
            taken[number] += 1
        if group == (4,):
            replies[4].follow(1)
        else:
            follow(model, [replies[number] for number in group])
    for number, found in enumerate(replies):
        expected = Reply(model, number)
        expected.follow(taken[number])
        assert_alike(found, expected)


def test_whoever_has_left_goes_on_from_its_state(model: LanguageModel) -> None:
    """Alone, and from a copy that was taken while it was one of several."""
    replies = [Reply(model, number) for number in (0, 2, 3)]
    for _ in range(3):
        follow(model, replies)
    copies = [reply.state.copy() for reply in replies]
    follow(model, replies[1:])
    expected = [Reply(model, number) for number in (0, 2, 3)]
    for reply in expected:
        reply.follow(3)
    for copy, reply in zip(copies, expected, strict=True):
        assert copy.offset == reply.state.offset
        token = [reply.drawn[-1].token]
        drawn = []
        for state in (copy, reply.state):
            stepper = model.stepper(state, SETTINGS, token, False)
            stepper.read(token)
            drawn.append(stepper.draw().result())
        assert drawn[0].token == drawn[1].token
        assert drawn[0].log_probability == pytest.approx(
            drawn[1].log_probability, rel=0, abs=SPLIT
        )
