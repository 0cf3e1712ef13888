"""What goes wrong is said in one sentence on stderr, with the right exit code."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from faults import break_down
from terminal import Result, call


def refused(result: Result, code: int) -> str:
    """Check how a refusal looks; the message without Click's usage lines."""
    assert result.code == code, result.err
    assert result.out == ""
    assert "Traceback" not in result.err and "Unexpected" not in result.err
    errors = [line for line in result.err.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1, result.err
    return errors[0]


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--max-tokens", "0"),
        ("--max-tokens", "-1"),
        ("--max-tokens", "many"),
        ("--max-tokens", "1.5"),
        ("--temp", "-0.1"),
        ("--temp", "nan"),
        ("--temp", "inf"),
        ("--top-k", "-1"),
        ("--top-k", "2.5"),
        ("--top-p", "-0.1"),
        ("--top-p", "1.1"),
        ("--top-p", "nan"),
        ("--min-p", "-0.1"),
        ("--min-p", "2"),
        ("--min-p", "nan"),
        ("--repetition-penalty", "0"),
        ("--repetition-penalty", "-1"),
        ("--repetition-penalty", "0.001"),
        ("--repetition-penalty", "1000"),
        ("--repetition-penalty", "nan"),
        ("--repetition-penalty", "inf"),
        ("--seed", "x"),
        ("--dtype", "int7"),
    ],
)
def test_options_out_of_range_are_named(flag: str, value: str) -> None:
    assert flag in refused(call("ask", "hello", flag, value), 2)
    assert flag in refused(call("chat", flag, value, stdin="hello\n"), 2)


def test_unknown_option() -> None:
    assert "--no-such" in refused(call("ask", "hello", "--no-such"), 2)


@pytest.mark.parametrize("arguments", [(), ("ask",), ("ask", ""), ("ask", " "), ("-",)])
@pytest.mark.parametrize("stdin", ["", " \n\n\t"])
def test_empty_prompt(arguments: tuple[str, ...], stdin: str) -> None:
    assert "No prompt given" in refused(call(*arguments, stdin=stdin), 2)


def test_missing_file(tmp_path: Path) -> None:
    message = refused(call("ask", "-f", tmp_path / "absent.txt", "hello"), 2)
    assert "absent.txt" in message


def test_directory_is_no_file(tmp_path: Path) -> None:
    assert str(tmp_path) in refused(call("ask", "-f", tmp_path, "hello"), 2)


def test_file_names_cannot_act_on_the_terminal(tmp_path: Path) -> None:
    result = call("ask", "-f", tmp_path / "\x1b]0;title\x07", "hello")
    assert result.code == 2
    assert "\x1b" not in result.err and "\x07" not in result.err


def test_unknown_model() -> None:
    message = refused(call("ask", "hello", "-m", "absent"), 1)
    assert "'absent'" in message and "builtin" in message
    assert message.endswith("Installed: builtin.")


def test_model_that_is_not_a_directory(tmp_path: Path) -> None:
    assert "absent" in refused(call("ask", "x", "-m", tmp_path / "absent"), 1)


def test_directory_that_is_no_model(tmp_path: Path) -> None:
    assert str(tmp_path) in refused(call("ask", "x", "-m", tmp_path), 1)


@pytest.mark.parametrize("name", ["-", "a b", "\x1b[2J", "x" * 65])
def test_names_no_model_can_have(name: str) -> None:
    result = call("ask", "x", f"--model={name}")
    refused(result, 2)
    assert "\x1b" not in result.err


def test_prompt_longer_than_the_context() -> None:
    result = call("ask", "-m", "builtin", stdin="word " * 3000)
    message = refused(result, 1)
    assert "1024" in message and "Shorten" in message


def test_home_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    result = call(
        "ask", "x", env={"GENESIS_CHAT_HOME": str(tmp_path / "file" / "home")}
    )
    refused_message = [x for x in result.err.splitlines() if x.startswith("Error: ")]
    assert (result.code, result.out, len(refused_message)) == (1, "", 1)
    assert "Traceback" not in result.err and "Unexpected" not in result.err


@pytest.mark.parametrize("option", [(), ("--no-stream",)])
def test_failing_model_keeps_what_it_has(
    option: tuple[str, ...],
    run_here: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
) -> None:
    arguments = ("ask", "What is the capital of France?", "--temp", "0", *option)
    break_down(monkeypatch, 5)
    assert run_here(*arguments) == 1
    out, err = capsys.readouterr()
    text = out.removesuffix("\n")
    assert text and out != text
    assert "The capital of France is Paris.".startswith(text)
    assert len(text) < len("The capital of France is Paris.")
    assert "not finite" in err and "Traceback" not in err


def test_failing_model_in_json(
    run_here: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    break_down(monkeypatch, 5)
    question = "What is the capital of France?"
    assert run_here("ask", question, "--temp", "0", "--json") == 1
    reply = json.loads(capsys.readouterr().out)
    assert (reply["finish_reason"], reply["reply_tokens"]) == ("error", 5)


def test_error_on_purpose_hides_nothing_when_debugging(
    run_here: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    break_down(monkeypatch, 0, ZeroDivisionError("on purpose"))
    assert run_here("ask", "hello") == 1
    break_down(monkeypatch, 0, ZeroDivisionError("on purpose"))
    monkeypatch.setenv("GENESIS_CHAT_DEBUG", "1")
    with pytest.raises(ZeroDivisionError, match="on purpose"):
        run_here("ask", "hello")
