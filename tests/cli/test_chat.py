"""A conversation through pipes: every line is a turn."""

import re

from terminal import Result, call, run

GREEDY = ("--temp", "0")
FACT = "My name is Anna."
RECALL = "What is my name?"
TOKENS = re.compile(r"prompt (\d+) tokens \((\d+) read now\)")


def chat(*lines: str, options: tuple[str, ...] = GREEDY, code: int = 0) -> Result:
    result = call("chat", *options, stdin="".join(f"{line}\n" for line in lines))
    assert result.code == code, result.err
    assert "Traceback" not in result.err
    return result


def counts(result: Result) -> list[tuple[int, int]]:
    """Prompt tokens and those of them read, of each turn."""
    return [(int(a), int(b)) for a, b in TOKENS.findall(result.err)]


def test_every_line_gets_a_reply() -> None:
    replies = chat("What is the capital of France?", "hello").out.splitlines()
    assert replies[0] == "The capital of France is Paris."
    assert len(replies) == 2 and replies[1]


def test_no_lines_no_replies() -> None:
    assert chat().out == ""
    assert chat("", "   ").out == ""


def test_last_line_needs_no_newline() -> None:
    result = call("chat", *GREEDY, stdin="What is the capital of France?")
    assert (result.code, result.out) == (0, "The capital of France is Paris.\n")


def test_turns_remember_and_new_forgets() -> None:
    assert "Anna" in chat(FACT, RECALL).out.splitlines()[1]
    forgotten = chat(FACT, "/new", RECALL)
    assert "Anna" not in forgotten.out.splitlines()[1]
    assert "new conversation" in forgotten.err.lower()


def test_second_turn_reads_its_own_tokens_only() -> None:
    first, second = counts(chat(FACT, RECALL, options=(*GREEDY, "--stats")))
    assert first[0] == first[1]
    assert second[1] < first[1] < second[0]


def test_reply_does_not_depend_on_the_state_kept() -> None:
    options = ("--temp", "1", "--seed", "6")
    together = chat("hello", "Tell me more", options=options).out.splitlines()
    assert together[0] == call("ask", "hello", *options).out.strip()


def test_stats_switch() -> None:
    result = chat("hello", "/stats", "hello", "/stats", "hello")
    assert len(counts(result)) == 1
    assert len(counts(chat("/stats", "hello", options=(*GREEDY, "--stats")))) == 0


def test_system_prompt_can_be_changed() -> None:
    greeting = "What is the capital of France?"
    changed = chat("/system You are a pirate.", greeting).out
    assert changed == call("ask", greeting, *GREEDY, "-s", "You are a pirate.").out
    assert changed != chat(greeting).out
    assert "Anna" not in chat(FACT, "/system Be brief.", RECALL).out.splitlines()[1]


def test_system_prompt_can_be_left_out() -> None:
    options = (*GREEDY, "--stats")
    without, with_it = (
        counts(Result(0, "", chat('/system ""', "hello", options=options).err)),
        counts(chat("hello", options=options)),
    )
    assert without[0][0] < with_it[0][0]


def test_help_names_every_command() -> None:
    result = chat("/help")
    for command in ("/new", "/system", "/stats", "/help", "/quit"):
        assert command in result.err
    assert result.out == ""


def test_quit_leaves_the_rest_unread() -> None:
    assert chat("/quit", "hello").out == ""
    assert len(chat("hello", "/quit", "hello").out.splitlines()) == 1


def test_unknown_command_is_no_message() -> None:
    result = chat("/no-such-command now", "hello", code=1)
    assert "/no-such-command" in result.err and "/help" in result.err
    assert len(result.out.splitlines()) == 1


def test_path_is_a_message() -> None:
    assert chat("/usr/bin is a folder").out


def test_commands_cannot_act_on_the_terminal() -> None:
    assert "\x1b" not in chat("/\x1b[2J", code=1).err


def test_line_that_is_not_utf8_does_not_end_the_chat() -> None:
    strict = {"PYTHONIOENCODING": "utf-8:strict"}
    lines = b"hello\n\xff\xfe\nWhat is the capital of France?\n"
    result = run("chat", *GREEDY, stdin=lines, env=strict)
    assert result.code == 0, result.err
    assert result.out.splitlines()[-1]
    assert len(result.out.splitlines()) >= 3
    assert "Error" not in result.err


def test_message_too_long_leaves_the_conversation() -> None:
    result = chat(FACT, "word " * 3000, RECALL, code=1)
    assert len(result.err.splitlines()) == 2
    assert "context" in result.err and "Shorten" in result.err
    assert "Anna" in result.out.splitlines()[1]


def test_cut_reply_is_told() -> None:
    result = chat("hello", options=(*GREEDY, "--max-tokens", "2"))
    assert "--max-tokens" in result.err


def test_full_context_drops_the_oldest_exchanges_and_says_so() -> None:
    lines = [f"Remember the number {n}. " + "word " * 60 for n in range(20)]
    result = chat(*lines, options=(*GREEDY, "--stats", "--max-tokens", "20"))
    assert "[context full: the " in result.err
    turns = counts(result)
    assert len(turns) == 20
    assert all(prompt < 1024 for prompt, _ in turns)
    # After a drop everything is read again, then turns are cheap once more.
    again = [i for i, (prompt, read) in enumerate(turns) if i and prompt == read]
    assert again and turns[again[0] + 1][1] < turns[again[0] + 1][0]
