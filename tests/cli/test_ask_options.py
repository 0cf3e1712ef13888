"""Every option of `ask` reaches the generation, and the JSON object tells it."""

import json
from typing import Any

import pytest
from terminal import call

CREATIVE = ("--temp", "1.5", "--top-k", "0", "--top-p", "1", "--max-tokens", "25")
DEFAULTS = {
    "max_tokens": 512,
    "temperature": 0.7,
    "top_k": 50,
    "top_p": 0.9,
    "min_p": 0.0,
    "repetition_penalty": 1.05,
    "ttt": False,
    "thinking": "auto",
}


def ask(*arguments: str, prompt: str = "Tell me a story") -> dict[str, Any]:
    result = call("ask", prompt, "--json", *arguments)
    assert result.code == 0, result.err
    reply: dict[str, Any] = json.loads(result.out)
    return reply


def test_the_delta_rule_makes_another_model_of_it() -> None:
    def ids(*rule: str) -> list[int]:
        options = ("--temp", "0", "--max-tokens", "16", "--no-log")
        found = ask(*options, *rule, prompt="Spell xylophones")["token_ids"]
        assert isinstance(found, list)
        return found

    assert ids("--delta-rule") == ids("--delta-rule") != ids()


def test_json_is_one_object_with_these_fields() -> None:
    reply = ask("--seed", "5")
    kinds: dict[str, type | tuple[type, ...]] = {
        "text": str,
        "token_ids": list,
        "finish_reason": str,
        "prompt_tokens": int,
        "prefilled_tokens": int,
        "reply_tokens": int,
        "seconds_to_first_token": float,
        "tokens_per_second": float,
        "model": str,
        "seed": int,
        "settings": dict,
    }
    for name, kind in kinds.items():
        assert isinstance(reply[name], kind), name
    assert reply["settings"] == DEFAULTS
    assert (reply["model"], reply["seed"]) == ("builtin", 5)
    assert all(type(token) is int for token in reply["token_ids"])
    assert reply["reply_tokens"] == len(reply["token_ids"]) > 1
    assert reply["prefilled_tokens"] == reply["prompt_tokens"] > 1
    assert reply["seconds_to_first_token"] > 0 and reply["tokens_per_second"] > 0


def test_json_of_a_single_token_has_no_speed() -> None:
    reply = ask("--max-tokens", "1")
    assert reply["tokens_per_second"] is None
    assert (reply["reply_tokens"], reply["finish_reason"]) == (1, "length")


def test_settings_are_told_as_given() -> None:
    reply = ask(
        *("--max-tokens", "3", "--temp", "0.25", "--top-k", "7", "--top-p", "0.5"),
        *("--min-p", "0.125", "--repetition-penalty", "1.5", "--seed", "9", "--ttt"),
    )
    assert reply["seed"] == 9
    assert reply["settings"] == {
        "max_tokens": 3,
        "temperature": 0.25,
        "top_k": 7,
        "top_p": 0.5,
        "min_p": 0.125,
        "repetition_penalty": 1.5,
        "ttt": True,
        "thinking": "auto",
    }
    assert reply["reply_tokens"] <= 3


def test_finish_reason_tells_an_end_from_a_cut() -> None:
    ended = ask("--temp", "0")
    assert ended["finish_reason"] == "stop"
    cut = ask("--temp", "0", "--max-tokens", str(ended["reply_tokens"] - 1))
    assert cut["finish_reason"] == "length"
    assert cut["token_ids"] == ended["token_ids"][:-1]


def test_greedy_needs_no_seed() -> None:
    replies = [ask("--temp", "0", "--seed", seed)["text"] for seed in ("1", "2")]
    assert replies[0] == replies[1] == ask("--temperature", "0")["text"]


def test_seed_decides_the_reply() -> None:
    assert (
        ask(*CREATIVE, "--seed", "1")["text"] == ask(*CREATIVE, "--seed", "1")["text"]
    )
    replies = {ask(*CREATIVE, "--seed", str(seed))["text"] for seed in range(5)}
    assert len(replies) == 5


def test_seed_is_drawn_and_reproduces_the_reply() -> None:
    first, second = ask(*CREATIVE), ask(*CREATIVE)
    assert first["seed"] != second["seed"]
    again = ask(*CREATIVE, "--seed", str(first["seed"]))
    assert again["token_ids"] == first["token_ids"]


@pytest.mark.parametrize(
    "narrow",
    [
        ("--top-k", "1"),
        ("--top-p", "0"),
        ("--min-p", "1"),
        ("--temp", "0.001"),
    ],
)
def test_each_filter_alone_leaves_the_likeliest_token(narrow: tuple[str, ...]) -> None:
    greedy = ask("--temp", "0", "--max-tokens", "25")
    assert ask(*CREATIVE, "--seed", "1", *narrow)["text"] == greedy["text"]
    # Without the filter this seed goes another way.
    assert ask(*CREATIVE, "--seed", "1")["text"] != greedy["text"]


def test_repetition_penalty_changes_a_greedy_reply() -> None:
    options = ("--temp", "0", "--max-tokens", "40")
    strong = ask(*options, "--repetition-penalty", "5")
    off = ask(*options, "--repetition-penalty", "1")
    assert strong["token_ids"] != off["token_ids"]
    # Penalised tokens include the prompt's, so there are fewer repetitions.
    repeated = [len(r["token_ids"]) - len(set(r["token_ids"])) for r in (strong, off)]
    assert repeated[0] <= repeated[1]


def test_system_prompt_is_read_and_can_be_left_out() -> None:
    default = ask("--temp", "0")
    same = ask("--temp", "0", "-s", "You are a helpful assistant.")
    pirate = ask("--temp", "0", "--system", "You are a pirate.")
    none = ask("--temp", "0", "--system", "")
    assert same["token_ids"] == default["token_ids"]
    assert pirate["text"] != default["text"]
    assert none["prompt_tokens"] < default["prompt_tokens"]


def test_test_time_training_is_off_unless_asked_for() -> None:
    options = (*CREATIVE, "--seed", "4")
    off = ask(*options)
    assert ask(*options, "--no-ttt")["token_ids"] == off["token_ids"]
    on = ask(*options, "--ttt")
    assert on["settings"]["ttt"] and not off["settings"]["ttt"]
    # Same seed, same text holds there too.
    assert ask(*options, "--ttt")["token_ids"] == on["token_ids"]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_other_dtypes_answer(dtype: str) -> None:
    result = call("What is the capital of France?", "--temp", "0", "--dtype", dtype)
    assert (result.code, result.out) == (0, "The capital of France is Paris.\n")


def test_json_escapes_what_could_act_on_a_terminal() -> None:
    reply = call(
        *("ask", "x", "--json", "--temp", "50", "--top-k", "0", "--top-p", "1"),
        *("--seed", "2", "--max-tokens", "300"),
    )
    assert reply.out.isascii() and reply.out.removesuffix("\n").isprintable()
    assert not json.loads(reply.out)["text"].isascii()
