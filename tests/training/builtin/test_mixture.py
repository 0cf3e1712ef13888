"""The mixture of all subjects: the same examples each time, in the model's form."""

from collections import Counter

import numpy as np
import pytest
from builtin_model import IM_END, ids_of
from small_subjects import SMALL

from genesis_chat.conversation import DEFAULT_SYSTEM_PROMPT, Message
from genesis_chat.engine.prompt import GenesisFormat
from genesis_chat.errors import UsageError
from genesis_chat.training.builtin.conversation import conversation_of
from genesis_chat.training.builtin.mixture import (
    Mixture,
    conversations_of,
    example_of,
    joined,
)

DRAWN = 1500


def mixture(form: GenesisFormat, seed: str = "0", longest: int = 320) -> Mixture:
    return Mixture(SMALL, form, DRAWN, seed, longest)


def test_an_example_depends_on_its_number_and_the_seed_alone(
    form: GenesisFormat,
) -> None:
    one, other = mixture(form), mixture(form)
    forwards = [one[index].ids.tolist() for index in range(30)]
    backwards = [other[index].ids.tolist() for index in reversed(range(30))]
    assert forwards == backwards[::-1]
    assert [each.ids.tolist() for each in one[5:8]] == forwards[5:8]
    assert one[-1].ids.tolist() == one[DRAWN - 1].ids.tolist()
    assert forwards != [each.ids.tolist() for each in mixture(form, "1")[:30]]


def test_it_ends(form: GenesisFormat) -> None:
    assert len(mixture(form)) == DRAWN
    for index in (DRAWN, -DRAWN - 1):
        with pytest.raises(IndexError):
            mixture(form)[index]


def test_subjects_come_as_often_as_they_weigh() -> None:
    last = Counter(
        len(conversations_of(SMALL, "0", index)[-1]) for index in range(DRAWN)
    )
    # Two messages are the first subject's, three the second's, four the third's.
    assert last[2] / DRAWN == pytest.approx(0.6, abs=0.05)
    assert last[3] / DRAWN == pytest.approx(0.2, abs=0.05)
    assert last[4] / DRAWN == pytest.approx(0.2, abs=0.05)


def test_nothing_is_before_a_system_prompt_and_only_questions_before_others() -> None:
    for index in range(DRAWN):
        *earlier, last = conversations_of(SMALL, "0", index)
        assert not (earlier and last[0].role == "system")
        assert all(len(each) == 2 for each in earlier)
    assert any(len(conversations_of(SMALL, "0", n)) == 3 for n in range(50))


def test_the_form_is_the_one_that_generates(form: GenesisFormat) -> None:
    example = example_of(conversation_of("Hello!", "Hi, you."), form)
    prompt = ids_of("Hello!")
    newline = form.encode_reply("")[-1]
    reply = example.ids.tolist()[len(prompt) :]
    assert example.ids.tolist()[: len(prompt)] == prompt
    assert reply == form.encode_reply("Hi, you.")
    assert reply[-2:] == [IM_END, newline]
    # The reply with its end, and nothing else.
    assert example.targets.tolist() == [False] * len(prompt) + [
        *([True] * (len(reply) - 1)),
        False,
    ]


def test_every_reply_is_learned_and_a_system_prompt_is_read(
    form: GenesisFormat,
) -> None:
    said = conversation_of("a", "b", "c", "d", system="Be short.")
    example = example_of(said, form)
    learned = form.encode_reply("b")[:-1] + form.encode_reply("d")[:-1]
    assert example.ids[example.targets].tolist() == learned
    start = form.encode_message(Message("system", "Be short."))
    assert example.ids.tolist()[: len(start)] == start


def test_turn_by_turn_it_is_what_the_form_writes(form: GenesisFormat) -> None:
    """Of many: the ids of each turn, one after the other, and the replies' ends."""
    for number in range(100):
        said = joined(conversations_of(SMALL, "0", number))
        example, rest = example_of(said, form), said
        system = DEFAULT_SYSTEM_PROMPT
        if said[0].role == "system":
            system, rest = said[0].content, said[1:]
        ids, targets = form.encode_system(system), []
        targets += [False] * len(ids)
        for question, reply in zip(rest[::2], rest[1::2], strict=True):
            asked = form.encode_turn(question.content)
            answered = form.encode_reply(reply.content)
            ids += asked + answered
            targets += [False] * len(asked) + [True] * (len(answered) - 1) + [False]
        assert example.ids.tolist() == ids and example.ids.dtype == np.int32
        assert example.targets.tolist() == targets


def test_earlier_questions_give_way_to_the_longest_length(form: GenesisFormat) -> None:
    whole, cut = mixture(form), mixture(form, longest=60)
    assert max(len(each) for each in whole[:100]) > 60
    for index in range(100):
        assert len(cut[index]) <= 60
        last = conversations_of(SMALL, "0", index)[-1]
        if len(example_of(last, form)) <= 60:
            end = len(form.encode_reply(last[-1].content))
            assert cut[index].ids[-end:].tolist() == whole[index].ids[-end:].tolist()


def test_what_is_too_long_by_itself_is_drawn_again(form: GenesisFormat) -> None:
    lengths = sorted(
        len(example_of(conversations_of(SMALL, "0", n)[-1], form)) for n in range(100)
    )
    longest = lengths[30]
    assert lengths[-1] > longest
    narrow, again = (mixture(form, longest=longest) for _ in range(2))
    assert max(len(each) for each in narrow[:100]) == longest
    assert narrow[3].ids.tolist() == again[3].ids.tolist()
    with pytest.raises(UsageError, match="at most 5 tokens"):
        mixture(form, longest=5)[0]
