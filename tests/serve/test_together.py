"""Requests that come while others are answered, and are answered with them."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from server import ENDLESS, GREEDY, Server, serving
from waiting import wait_until

pytestmark = pytest.mark.loopback
SLOW = {**ENDLESS, "stream": True}
QUESTIONS = ["Hello!", "What is 7 plus 8?", "Who are you?", "Repeat: cat dog sun"]


def test_as_many_as_may_are_answered_at_the_same_time(server: Server) -> None:
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(server.begun(**SLOW))
        wait_until(lambda: server.health["running"] == 3)
        # Somebody who comes in the middle does not wait for their ends.
        assert server.chat("Hello!", **GREEDY).status == 200
        assert server.health["running"] == 3
    server.wait_until_idle()


def test_nobody_gets_another_reply_than_alone(prepared: Path) -> None:
    with serving("--dtype", "float32", "--parallel", "3", home=prepared) as server:

        def text(question: str) -> str:
            answer = server.chat(question, **GREEDY, max_tokens=40)
            return str(answer.json["choices"][0]["message"]["content"])

        alone = [text(question) for question in QUESTIONS]
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(text, QUESTIONS * 4))
        assert together == alone * 4


def test_choices_of_one_request_come_together(server: Server) -> None:
    answer = server.chat("Tell me something", n=3, seed=5, max_tokens=12)
    choices = answer.json["choices"]
    assert [each["index"] for each in choices] == [0, 1, 2]
    one = server.chat("Tell me something", seed=5, max_tokens=12).json["choices"][0]
    assert choices[0]["message"] == one["message"]


def test_one_at_a_time_where_that_is_asked_for(prepared: Path) -> None:
    with serving("--parallel", "1", home=prepared) as server, ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(server.begun(**SLOW))
        wait_until(lambda: server.health["waiting"] == 1)
        assert server.health["running"] == 1


def test_who_leaves_makes_room_and_harms_nobody(server: Server) -> None:
    with server.begun(**SLOW) as stays:
        with ExitStack() as stack:
            for _ in range(3):
                stack.enter_context(server.begun(**SLOW))
            wait_until(lambda: server.health["running"] == 4)
        wait_until(lambda: server.health["running"] == 1)
        assert stays.recv(65536)
        assert server.chat("Hello!", **GREEDY).status == 200
    server.wait_until_idle()
