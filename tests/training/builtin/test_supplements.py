"""What the second stage brings beside the subjects, which stay as they are judged."""

import random
import re
from collections.abc import Callable
from string import ascii_lowercase

import pytest

from genesis_chat.conversation import DEFAULT_SYSTEM_PROMPT, Message
from genesis_chat.engine.prompt import GenesisFormat
from genesis_chat.training.builtin.conversation import Conversation, expected, plain
from genesis_chat.training.builtin.evaluation import held_out
from genesis_chat.training.builtin.lists.countries import countries
from genesis_chat.training.builtin.lists.talk import TOPICS
from genesis_chat.training.builtin.mixture import example_of
from genesis_chat.training.builtin.outside import prompts
from genesis_chat.training.builtin.outside.refusals import is_refusal
from genesis_chat.training.builtin.plan import NUMBERS, REFINEMENT, REVIEW, STYLES
from genesis_chat.training.builtin.refinement import WEIGHTS, refined
from genesis_chat.training.builtin.subjects import (
    jokes,
    subjects,
    sums,
    system_prompts,
)
from genesis_chat.training.builtin.supplements import (
    Supplement,
    answers,
    bare,
    manners,
    outside,
    sentences,
    styled,
    supplements,
    talk,
    tens,
    vocabulary,
    wordings,
)
from genesis_chat.training.builtin.supplements import (
    numbers as numbers_supplement,
)

DRAWN = 600
SUPPLEMENTS = supplements(REVIEW)


Drawing = Callable[[random.Random], Conversation]


def drawn(conversation: Drawing) -> list[Conversation]:
    rng = random.Random(1)
    return [conversation(rng) for _ in range(DRAWN)]


def words(conversation: Conversation) -> tuple[str, ...]:
    """What is said in a chat, but for what tells apart small letters and full stops."""
    return tuple(plain(m.content) for m in conversation if m.role != "system")


@pytest.fixture(scope="module")
def judged() -> set[tuple[str, ...]]:
    """Every set that a model is judged by."""
    return {
        words(each)
        for subject in subjects()
        for seed in (1, 2)
        for each in held_out(subject, DRAWN, seed)
    }


@pytest.mark.parametrize("supplement", SUPPLEMENTS, ids=lambda s: s.draw.__module__)
def test_no_question_is_one_that_is_judged(
    supplement: Supplement, judged: set[tuple[str, ...]]
) -> None:
    def draw(rng: random.Random) -> Conversation:
        return supplement.conversation(rng, False)

    # A chat's system prompt does not make another question of it.
    assert judged.isdisjoint(map(words, drawn(draw)))


def test_no_kind_of_what_is_outside_is_one_that_is_judged() -> None:
    supplement = set(outside._KINDS)
    assert supplement.isdisjoint(prompts.held_out())
    assert supplement.isdisjoint(prompts.kinds())
    assert all(is_refusal(expected(each)) for each in drawn(outside.conversation))


def test_nothing_of_it_is_held_out() -> None:
    for supplement in SUPPLEMENTS:
        with pytest.raises(ValueError, match="held out"):
            supplement.conversation(random.Random(0), True)


@pytest.mark.parametrize("stage", [REFINEMENT, STYLES, NUMBERS, REVIEW])
def test_subjects_keep_what_they_are_and_weigh_more(stage: str) -> None:
    taught, count = refined(stage), len(subjects())
    drawing = [each.conversation for each in taught[:count]]
    assert drawing == [each.conversation for each in subjects()]
    assert taught[count:] == supplements(stage)
    before = {each.name: each.weight for each in subjects()}
    weights = WEIGHTS[stage]
    assert set(weights) <= set(before)
    assert all(weights[name] > before[name] for name in weights)


def test_every_supplement_has_a_share_in_a_stage() -> None:
    first, second, third, fourth = (
        {each.draw for each in supplements(stage)}
        for stage in (REFINEMENT, STYLES, NUMBERS, REVIEW)
    )
    assert first < second < third < fourth
    assert all(each.weight > 0 for each in SUPPLEMENTS)


def test_small_sums_are_taught_whole_and_judged_nowhere() -> None:
    """Of all pairs up to ten, in both operations and every style."""
    small = re.compile(r"(\d+) ?(plus|minus|\+|-) ?(\d+)")
    asked: set[tuple[int, str, int]] = set()
    rng = random.Random(1)
    for _ in range(20_000):
        first, sign, second = small.findall(sums.by_heart(rng)[0].content)[0]
        asked.add(
            (int(first), {"plus": "+", "minus": "-"}.get(sign, sign), int(second))
        )
    numbers = range(sums.LARGEST_BY_HEART + 1)
    assert asked == {
        each
        for one in numbers
        for other in numbers
        for each in ((one, "+", other), (one + other, "-", other))
    }
    (subject,) = (each for each in subjects() if each.name == sums.NAME)
    for each in held_out(subject, DRAWN, 1) + held_out(subject, DRAWN, 2):
        first, sign, second = small.findall(each[-2].content)[0]
        plus = sign in {"plus", "+"}
        part = int(first) if plus else int(first) - int(second)
        assert max(part, int(second)) > sums.LARGEST_BY_HEART
    systems = {
        each[0].role == "system" for each in drawn(numbers_supplement.conversation)
    }
    assert systems == {True, False}


def test_a_chat_without_a_system_prompt_is_written_without_one(
    form: GenesisFormat,
) -> None:
    question, reply = Message("user", "Hi"), Message("assistant", "Hello!")
    without = example_of((Message("system", ""), question, reply), form)
    usual = example_of((question, reply), form)
    head = form.encode_system(DEFAULT_SYSTEM_PROMPT)
    assert usual.ids.tolist() == [*head, *without.ids.tolist()]
    assert without.targets.sum() == usual.targets.sum()
    assert any(each[0].content == "" for each in drawn(bare.conversation))
    assert any(each[0].content for each in drawn(bare.conversation))


def test_more_small_talk_has_the_replies_of_small_talk() -> None:
    topics = {each.name: each for each in TOPICS}
    for topic in talk.MORE_TOPICS:
        assert topic.replies == topics[topic.name].replies
        before = set(map(plain, topics[topic.name].said))
        assert before.isdisjoint(map(plain, topic.said)), topic.name
    replies = [expected(each) for each in drawn(talk.conversation)]
    assert any(jokes.right((), each) for each in replies)


def test_more_system_prompts_are_kept_to() -> None:
    drawing = (styled.conversation, answers.conversation)
    for conversation in (each for draw in drawing for each in drawn(draw)):
        assert conversation[0].role == "system"
        assert system_prompts.right(conversation, expected(conversation))


def test_manners_are_small_talk_in_other_wordings() -> None:
    topics = {each.name: each for each in TOPICS}
    for topic in manners.MORE:
        assert topic.replies == topics[topic.name].replies
        before = set(map(plain, topics[topic.name].said))
        assert before.isdisjoint(map(plain, topic.said)), topic.name
    for each in drawn(manners.conversation):
        assert each[0].role == "system"
        assert not is_refusal(expected(each))


def test_tens_are_full_tens_or_nothing() -> None:
    """Whether a sum, a difference or what it is taken from."""
    for each in drawn(tens.conversation):
        question = plain(each[-2].content)
        first, second = map(int, re.findall(r"\d+", question))
        result = int(re.findall(r"\d+", expected(each))[-1])
        assert 0 in {first % 10, result % 10}
        assert result == first + second or result == first - second
        assert max(first, second, result) <= sums.LARGEST


def test_letters_of_any_word_are_right() -> None:
    kinds = set()
    for asked, reply in drawn(vocabulary.conversation):
        letters_said = re.match(r"[a-z]\d*(-[a-z]\d*)+", reply.content)
        if not letters_said:
            kinds.add("said")
            assert reply.content in asked.content
            continue
        word = re.sub(r"[\d-]", "", letters_said[0])
        assert word in plain(asked.content).split()
        rest = reply.content[letters_said.end() :]
        kinds.add(rest.split()[0] if rest else "spelled")
        assert rest in {
            "",
            f" backwards is {'-'.join(word[::-1])}.",
            f" has {len(word)} letters.",
            *(f" has {word.count(each)} {each}." for each in ascii_lowercase),
        }
    assert kinds == {"said", "spelled", "backwards", "has"}


def test_other_wordings_have_the_right_replies() -> None:
    capitals = dict(countries())
    known = {f"The capital of {c} is {capitals[c]}." for c in capitals}
    signs = {"plus": 1, "minus": -1}
    seen = set()
    for each in drawn(wordings.conversation):
        reply = expected(each)
        if reply.startswith("The capital of "):
            seen.add("capital")
            assert reply.removesuffix(" It is a pleasure to help you.") in known
        elif found := re.match(r"(\d+) (plus|minus) (\d+) is (\d+)[.,]", reply):
            seen.add("sum")
            first, sign, second, result = found.groups()
            assert int(first) + signs[sign] * int(second) == int(result)
        elif found := re.match(r"(\d+) times (\d+) is (\d+)\.", reply):
            seen.add("product")
            assert int(found[1]) * int(found[2]) == int(found[3])
    assert seen == {"capital", "sum", "product"}


def test_every_style_has_wordings_of_its_own_in_the_last_stage() -> None:
    for style, prompts_of in styled.ALL_PROMPTS.items():
        before = set(styled.PROMPTS[style])
        assert before < set(prompts_of) and len(set(prompts_of)) == len(prompts_of)


def test_sentences_come_back_as_they_are() -> None:
    for asked, said in drawn(sentences.conversation):
        assert asked.content.endswith(said.content)
        assert "{" not in said.content
