"""Conversations of several clients in turns: kept states, the line, and the history."""

import itertools
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from server import ENDLESS, Answered, Server, serving
from terminal import call
from waiting import wait_until

from genesis_chat.history import Store

pytestmark = pytest.mark.loopback

QUESTIONS = ["Hello!", "What is your name?", "What can you do?", "Thank you very much!"]


def cached(answer: Answered) -> int:
    found: int = answer.json["usage"]["prompt_tokens_details"]["cached_tokens"]
    return found


def message(answer: Answered) -> Any:
    assert answer.status == 200, answer.body
    return answer.json["choices"][0]["message"]


def turns(server: Server, names: list[str]) -> dict[str, list[Answered]]:
    """Conversations that take turns, each sent as a whole every time."""
    said: dict[str, list[Any]] = {
        name: [{"role": "user", "content": f"My name is {name}."}] for name in names
    }
    answers: dict[str, list[Answered]] = {name: [] for name in names}
    for question in [*QUESTIONS, ""]:
        for name in names:
            answers[name].append(server.chat(said[name], temperature=0, n=1))
            reply = {"role": "user", "content": question}
            said[name] += [message(answers[name][-1]), reply]
    return answers


def test_a_whole_conversation_is_read_once(server: Server) -> None:
    """Three of them, in turns: only what is new is read."""
    for answers in turns(server, ["Ada", "Bob", "Eve"]).values():
        for before, after in itertools.pairwise(answers):
            usage = before.json["usage"]
            read = usage["prompt_tokens"] + usage["completion_tokens"]
            # All but the last token, which ends the reply and is read with the next.
            assert read - 1 <= cached(after) <= read
            assert cached(after) < after.json["usage"]["prompt_tokens"]


def test_a_reply_in_other_words_is_read_anew(server: Server) -> None:
    said = [{"role": "user", "content": "My name is Kim."}]
    first = server.chat(said, temperature=0)
    changed = {"role": "assistant", "content": "Something else entirely."}
    asked = {"role": "user", "content": "What is my name?"}
    assert cached(server.chat([*said, changed, asked], temperature=0)) < 20
    assert cached(server.chat([*said, message(first), asked], temperature=0)) > 20


def test_choices_of_one_prompt_read_it_once(server: Server) -> None:
    before = server.ask("/metrics").body
    answer = server.chat("Tell me about the number nine. " * 20, n=4, max_tokens=5)
    after = server.ask("/metrics").body
    assert len(answer.json["choices"]) == 4

    def cached_tokens(text: bytes) -> int:
        name = b'genesis_chat_tokens_total{kind="cached"} '
        return int(text.partition(name)[2].split()[0])

    prompt = answer.json["usage"]["prompt_tokens"]
    assert cached_tokens(after) - cached_tokens(before) >= 3 * (prompt - 2)


def test_what_left_the_prompt_is_told(server: Server) -> None:
    said: list[Any] = []
    for number in range(12):
        said += [
            {"role": "user", "content": f"{number} is a number. " * 20},
            {"role": "assistant", "content": "Yes, it is. " * 20},
        ]
    answer = server.chat([*said, {"role": "user", "content": "Hello!"}], temperature=0)
    details = answer.json["usage"]["prompt_tokens_details"]
    assert details["dropped_messages"] > 0 and details["dropped_messages"] % 2 == 0
    assert answer.json["usage"]["prompt_tokens"] < 1024


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_goes_away_stops_its_reply(stream: bool, server: Server) -> None:
    """Sixteen endless choices would keep the next one waiting for long."""
    before = generated(server)
    with server.begun(**ENDLESS, n=16, stream=stream) as connection:
        if stream:
            assert b"200 OK" in connection.recv(65536)
        else:
            wait_until(lambda: server.health["running"])
    server.wait_until_idle()
    # One choice fills the context with about a thousand.
    assert generated(server) - before < 6000
    assert server.chat("Hello!", max_tokens=2).status == 200


def generated(server: Server) -> int:
    name = 'genesis_chat_tokens_total{kind="generated"} '
    return int(server.ask("/metrics").body.decode().partition(name)[2].split()[0])


def test_the_line_is_bounded_and_those_in_it_may_leave(server: Server) -> None:
    # What another test left behind must not be taken for the first.
    server.wait_until_idle()
    with server.begun(**ENDLESS, n=16) as first:
        wait_until(lambda: server.health["running"])
        waiting = [server.begun(max_tokens=2, temperature=0) for _ in range(4)]
        opened = [each.__enter__() for each in waiting]
        wait_until(lambda: server.health["waiting"] == 4)
        refused = server.chat("Hello!")
        assert refused.status == 429 and int(refused.headers["retry-after"]) >= 1
        assert refused.error["code"] == "queue_full"
        # One that leaves makes room.
        opened[0].close()
        wait_until(lambda: server.health["waiting"] == 3)
        late: list[Answered] = []
        asking = threading.Thread(
            target=lambda: late.append(server.chat("Hello!", max_tokens=2))
        )
        asking.start()
        wait_until(lambda: server.health["waiting"] == 4)
        first.close()
        asking.join()
        assert late[0].status == 200
        for each in opened[1:]:
            assert b"200 OK" in each.recv(65536)
            each.close()
    server.wait_until_idle()
    assert server.health["seconds_to_first_token"]["longest"] > 0


def test_nothing_is_kept_unless_it_is_asked_for(server: Server, prepared: Path) -> None:
    assert server.chat("Remember the word xylophone.").status == 200
    found = [path for path in prepared.rglob("*") if path.is_file()]
    assert not any("history" in path.name for path in found)
    assert "xylophone" not in " ".join(server.said)


def test_conversations_go_into_the_history_with_log(home: Path) -> None:
    with serving("--log", home=home) as server:
        said: list[Any] = [{"role": "user", "content": "My name is Bob."}]
        first = message(server.chat(said, temperature=0))
        said += [first, {"role": "user", "content": "What is my name?"}]
        second = message(server.chat(said, temperature=0, stream=False))
        server.chat("Hello!", temperature=0)
        server.ask("/v1/completions", {"prompt": "Once", "max_tokens": 3})
    with Store.open(home / "history.sqlite3") as store:
        assert store.check() == []
        kept = [
            [(m.role, m.status, m.content) for m in store.branch(each.id)]
            for each in store.conversations()
        ]
    assert sorted(map(len, kept)) == [2, 2, 4]
    assert [
        ("user", "complete", "My name is Bob."),
        ("assistant", "complete", first["content"]),
        ("user", "complete", "What is my name?"),
        ("assistant", "complete", second["content"]),
    ] in kept
    again = call("ask", "-c", "Thank you!", "--temp", "0", "--json")
    assert json.loads(again.out)["conversation"]
