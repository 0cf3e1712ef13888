"""Replies about letters, numbers, days and lists, against other ways to know them."""

import calendar as calendar_of_python
import random
import re
from types import ModuleType
from typing import Any

import pytest

from genesis_chat.conversation import Message
from genesis_chat.training.builtin.conversation import (
    Conversation,
    expected,
    plain,
    question,
)
from genesis_chat.training.builtin.lists.texts import entries
from genesis_chat.training.builtin.subjects import (
    calendar,
    greetings,
    jokes,
    letters,
    meanings,
    money_and_languages,
    opposites,
    reversing,
    riddles,
    spelling,
    stories,
    sums,
    times_tables,
)

ONE_REPLY = (
    calendar,
    greetings,
    letters,
    meanings,
    money_and_languages,
    opposites,
    reversing,
    spelling,
    times_tables,
)


def drawn(subject: ModuleType, count: int = 1_500) -> list[Conversation]:
    rng = random.Random(21)
    return [subject.conversation(rng, rng.random() < 0.3) for _ in range(count)]


@pytest.mark.parametrize("subject", ONE_REPLY, ids=lambda each: each.NAME)
def test_a_question_has_one_reply(subject: ModuleType) -> None:
    replies: dict[str, Message] = {}
    for each in drawn(subject, 4_000):
        # Signs tell questions apart that have the same words.
        reply = replies.setdefault(question(each).casefold().rstrip(".?!"), each[-1])
        assert reply == each[-1]


def test_letters_are_counted() -> None:
    for each in drawn(letters):
        reply = expected(each)
        spelled, _, number, what = reply.rstrip(".").split()
        word = re.sub("[^a-z]", "", spelled)
        assert word in plain(question(each)).split()
        counted = len(word) if what == "letters" else word.count(what)
        assert int(number) == counted
        wrong = reply.replace(f" {number} ", f" {counted + 1} ")
        assert letters.right(each, f"{number}") and not letters.right(each, wrong)


def test_words_are_spelled_and_reversed() -> None:
    for each in drawn(spelling):
        word = expected(each).replace("-", "")
        assert word in plain(question(each)).split()
        assert not spelling.right(each, "-".join(word[:-1]))
        assert not spelling.right(each, word)
    for each in drawn(reversing):
        first, last = expected(each).rstrip(".").split(" backwards is ")
        assert first[::-1] == last and reversing.right(each, last.replace("-", ""))
        assert first == last or not reversing.right(each, first)


def test_letters_are_pieces_of_their_own(tokenizer: Any) -> None:
    pieces = tokenizer.encode("s-t-r-a-w", out_type=str)
    assert pieces == list("s-t-r-a-w")


def test_products() -> None:
    for each in drawn(times_tables):
        first, second, product = map(int, re.findall(r"\d+", expected(each)))
        assert first * second == product and max(first, second) <= 12
        assert not times_tables.right(each, f"It is {product + 1}.")


def test_the_calendar_is_the_usual_one() -> None:
    names = tuple(calendar_of_python.day_name), tuple(calendar_of_python.month_name[1:])
    assert names == (calendar.DAYS, calendar.MONTHS)
    for each in drawn(calendar):
        reply = expected(each)
        if found := re.fullmatch(r"(\w+) comes (after|before) (\w+)\.", reply):
            order = next(order for order in names if found[1] in order)
            step = 1 if found[2] == "after" else -1
            there = (order.index(found[3]) + step) % len(order)
            assert order[there] == found[1]
            assert not calendar.right(each, f"{found[3]}.")
        if (found := re.fullmatch(r"(\w+) has (\d+) days\.", reply)) and found[
            1
        ] in names[1]:
            month = names[1].index(found[1]) + 1
            assert calendar_of_python.monthrange(2025, month)[1] == int(found[2])


@pytest.mark.parametrize(
    ("asked", "reply", "wrong"),
    [
        (
            "What is the currency of Japan?",
            "The currency of Japan is the yen.",
            "Euro.",
        ),
        (
            "What do people speak in Brazil?",
            "In Brazil people speak Portuguese.",
            "Oi.",
        ),
    ],
)
def test_countries(asked: str, reply: str, wrong: str) -> None:
    conversation = (Message("user", asked), Message("assistant", reply))
    of_country = {*map(expected, drawn(money_and_languages, 4_000))}
    assert reply in of_country
    assert money_and_languages.right(conversation, reply.split()[-1])
    assert not money_and_languages.right(conversation, wrong)


def test_lists_are_as_long_as_promised_and_have_nothing_twice() -> None:
    for name, count in (
        ("jokes", 60),
        ("riddles", 60),
        ("facts", 60),
        ("meanings", 190),
    ):
        found = entries(name)
        assert len(found) >= count, name
        assert all(len(each) == 2 and all(each) for each in found)
        assert len({plain(each[0]) for each in found}) == len(found)
        assert len({plain(each[1]) for each in found}) == len(found)
    assert len({language for _, language, _ in entries("greetings")}) == 10
    assert all(len(gloss.split()) <= 12 for _, gloss in entries("meanings"))


def test_stories_and_riddles_keep_to_what_was_asked() -> None:
    asked = (Message("user", "Tell me a story about a fox."), Message("assistant", ""))
    told = "Once there was a shy fox who lived on a hill. One day the fox found a red"
    told += " key. Then a friend asked for it, and they shared it."
    assert stories.right(asked, told)
    assert not stories.right(asked, told.replace("fox", "cat"))
    assert not stories.right(asked, told[:-1])
    riddle, answer = entries("riddles")[0]
    solved = (Message("user", riddle), Message("assistant", f"It is {answer}!"))
    assert riddles.right(solved, answer) and not riddles.right(solved, "a bottle")
    assert not jokes.right(asked, " ".join(entries("jokes")[0])[:-3])


def test_sums_are_worked_out_by_tens_and_ones() -> None:
    steps = set()
    for each in drawn(sums):
        reply = expected(each)
        first, operation, second, result, *rest = re.findall(r"\d+|plus|minus", reply)
        sign = 1 if operation == "plus" else -1
        assert int(first) + sign * int(second) == int(result) <= 100
        if rest:
            again, ones, total = rest
            assert again == operation and int(second) % 10 == 0 < int(ones) < 10
            assert int(result) + sign * int(ones) == int(total)
        asked = list(map(int, re.findall(r"\d+", question(each))))
        last = int(rest[1]) if rest else 0
        assert asked == [int(first), int(second) + last]
        steps.add(len(rest))
        assert not sums.right(each, f"{int((rest or [result])[-1]) + 1}")
    assert steps == {0, 3}
    rng = random.Random(5)
    assert all("," not in expected(sums.at_once(rng, False)) for _ in range(200))
