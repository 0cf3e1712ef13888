"""One prompt, one reply: where the prompt comes from and where the reply goes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from terminal import Result, call, run

from genesis_chat.cli.show import statistics
from genesis_chat.engine import Reply
from genesis_chat.settings import GenerationSettings

QUESTION = "What is the capital of France?"
ANSWER = "The capital of France is Paris."
GREEDY = ("--temp", "0")
STORY = "Tell me a story"
COMMAND_FOR_MORE = "genesis-chat models pull"


def prompt_tokens(*arguments: str | Path, stdin: str = "") -> int:
    result = call("ask", *arguments, *GREEDY, "--json", stdin=stdin)
    assert result.code == 0, result.err
    count: int = json.loads(result.out)["prompt_tokens"]
    return count


def greedy(*arguments: str | Path, stdin: str = "") -> dict[str, Any]:
    result = call(*arguments, *GREEDY, "--json", stdin=stdin)
    assert result.code == 0, result.err
    reply: dict[str, Any] = json.loads(result.out)
    return {k: reply[k] for k in ("text", "token_ids", "prompt_tokens")}


def test_ask_answers() -> None:
    result = run("ask", QUESTION, *GREEDY)
    assert (result.code, result.out) == (0, f"{ANSWER}\n")


def test_first_word_that_is_no_command_is_a_prompt() -> None:
    assert call(QUESTION, *GREEDY).out == f"{ANSWER}\n"


def test_options_may_come_first() -> None:
    assert call("--temp", "0", QUESTION).out == f"{ANSWER}\n"


def test_words_are_joined_by_spaces() -> None:
    assert greedy("ask", *QUESTION.split()) == greedy("ask", QUESTION)


def test_prompt_that_is_a_command_can_be_asked() -> None:
    assert call("ask", "models", *GREEDY).code == 0


@pytest.mark.parametrize(
    ("start", "arguments"),
    [(run, ("ask",)), (call, ("ask", "-")), (call, ("-",)), (call, ())],
)
def test_prompt_from_standard_input(
    start: Callable[..., Result], arguments: tuple[str, ...]
) -> None:
    result = start(*arguments, *(GREEDY if arguments else ()), stdin=f"{QUESTION}\n")
    assert result.code == 0
    assert result.out == f"{ANSWER}\n" or not arguments


def test_standard_input_comes_first_after_a_blank_line() -> None:
    expected = greedy("ask", "My name is Bob.\n\nWhat is my name?")
    assert greedy("ask", "What is my name?", stdin="My name is Bob.\n") == expected
    assert greedy("ask", "-", "What is my name?", stdin="My name is Bob.\n") == expected
    assert greedy("What is my name?", stdin="My name is Bob.\n") == expected
    # The other order or another joint is another prompt.
    assert greedy("ask", "What is my name?\n\nMy name is Bob.") != expected
    assert greedy("ask", "My name is Bob.\nWhat is my name?") != expected


def test_files_repeat_and_stand_between(tmp_path: Path) -> None:
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    first.write_text("alpha beta\n", encoding="utf-8")
    second.write_text("gamma é\n", encoding="utf-8")
    expected = greedy("ask", "in\n\nalpha beta\n\ngamma é\n\nlast")
    options = ("-f", first, "--file", second)
    assert greedy("ask", *options, "last", stdin="in\n") == expected
    assert greedy("ask", "last", *options, stdin="in\n") == expected


def test_file_alone_is_a_prompt(tmp_path: Path) -> None:
    file = tmp_path / "question"
    # A byte order mark is not part of the text.
    file.write_bytes(b"\xef\xbb\xbf" + QUESTION.encode())
    assert call("-f", file, *GREEDY).out == f"{ANSWER}\n"


def test_inner_white_space_of_standard_input_is_kept() -> None:
    assert prompt_tokens(stdin="  a\n\n\n    b") > prompt_tokens(stdin="a b")


def test_stdout_holds_the_reply_only_and_stderr_the_notice() -> None:
    result = call("ask", QUESTION, *GREEDY)
    assert result.out == f"{ANSWER}\n"
    lines = result.err.splitlines()
    assert len(lines) == 1
    assert "built-in" in lines[0] and COMMAND_FOR_MORE in lines[0]


def test_first_use_prepares_the_builtin_model(empty_home: Path) -> None:
    first = call("ask", QUESTION, *GREEDY)
    assert (first.code, first.out) == (0, f"{ANSWER}\n")
    assert (empty_home / "models" / "builtin" / "manifest.json").is_file()
    assert COMMAND_FOR_MORE in first.err
    second = call("ask", QUESTION, *GREEDY)
    assert second.out == first.out
    assert len(second.err.splitlines()) < len(first.err.splitlines())


def test_builtin_model_asked_for_by_name_needs_no_notice() -> None:
    result = call("ask", QUESTION, *GREEDY, "-m", "builtin")
    assert (result.out, result.err) == (f"{ANSWER}\n", "")


def test_whole_reply_equals_the_streamed_one() -> None:
    options = ("--seed", "11", "--temp", "1.2", "--max-tokens", "60")
    streamed = call("ask", "Tell me something", *options)
    whole = call("ask", "Tell me something", *options, "--no-stream")
    as_json = json.loads(call("ask", "Tell me something", *options, "--json").out)
    assert streamed.out == whole.out
    assert streamed.out.strip()
    # The model writes no control characters here, so the sanitiser changes nothing.
    assert as_json["text"] == streamed.out.removesuffix("\n")


def test_statistics_go_to_stderr() -> None:
    long = ("--seed", "8", "--temp", "1.5", "--max-tokens", "20")
    plain, result = (call("ask", STORY, *long, *more) for more in ((), ("--stats",)))
    assert result.out == plain.out
    added = result.err.removeprefix(plain.err)
    assert "prompt " in added and "20 tokens" in added and "tokens/s" in added
    assert len(added.splitlines()) == 1


def reply(tokens: int, speed: float | None) -> Reply:
    return Reply(
        text="x",
        token_ids=tuple(range(tokens)),
        log_probabilities=(0.0,) * tokens,
        finish_reason="stop",
        prompt_tokens=3,
        prefilled_tokens=3,
        seconds_to_first_token=0.1,
        tokens_per_second=speed,
        model="builtin",
        settings=GenerationSettings(seed=1),
    )


@pytest.mark.parametrize(
    ("tokens", "speed", "measured"),
    [
        (7, 2500.0, False),
        (15, 100.0, False),
        (16, 2500.0, True),
        # The time begins with the first token.
        (7, 24.5, False),
        (7, 24.0, True),
        (2, 3.9, True),
        (200, 500.0, True),
        (1, None, False),
        (40, None, False),
    ],
)
def test_what_is_too_short_to_measure_has_no_speed(
    tokens: int, speed: float | None, measured: bool
) -> None:
    found = reply(tokens, speed)
    assert found.measured_speed == (speed if measured else None)
    assert ("tokens/s" in statistics(found)) == measured


def test_no_log_is_accepted() -> None:
    for option in ("-n", "--no-log"):
        assert call("ask", QUESTION, *GREEDY, option).out == f"{ANSWER}\n"


def test_damaged_builtin_model_is_prepared_again(home: Path) -> None:
    (home / "models" / "builtin" / "config.json").write_text("{", encoding="utf-8")
    result = call("ask", QUESTION, *GREEDY)
    assert (result.code, result.out) == (0, f"{ANSWER}\n")
