"""Numbers at their bounds, in options, the settings file and what is kept of them."""

import json
from pathlib import Path

import pytest
from terminal import call

from genesis_chat.history import Store
from genesis_chat.settings import LARGEST_WHOLE

MORE = str(LARGEST_WHOLE + 1)
WHOLE = ("1e3", "0x10", "1.5", "nan", "\u00b2", "true", "9" * 5000)


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("--seed", ("-1", MORE, "auto", *WHOLE)),
        ("--max-tokens", ("0", "-1", MORE, "none", *WHOLE)),
        ("--top-k", ("-1", MORE, *WHOLE)),
        ("--temperature", ("nan", "inf", "-inf", "-0.1", "1e400", "0x10", "hot")),
        ("--top-p", ("nan", "inf", "-0.1", "1.01", "50%")),
        ("--min-p", ("nan", "-0.1", "2")),
        ("--repetition-penalty", ("0", "nan", "101", "-1")),
    ],
)
@pytest.mark.parametrize("command", ["ask", "chat", "batch"])
def test_a_reply_refuses(
    command: str, option: str, values: tuple[str, ...], tmp_path: Path
) -> None:
    """Before anything is read, in one sentence that has the option in it."""
    (tmp_path / "in.jsonl").write_text('{"prompt": "hi"}')
    out = tmp_path / "out"
    more = (tmp_path / "in.jsonl", "-o", out) if command == "batch" else ("-n",)
    for value in values:
        found = call(command, *more, f"{option}={value}", stdin="hi")
        assert (found.code, found.out) == (2, "") and not out.exists()
        last = found.err.splitlines()[-1]
        assert last.startswith(f"Error: {option} must be ") and len(last) < 200


@pytest.mark.parametrize("command", ["ask", "chat", "batch"])
def test_the_range_of_a_seed_is_in_the_help(command: str) -> None:
    words = call(command, "--help", env={"COLUMNS": "200"}).out.split()
    assert f"[0<=x<={LARGEST_WHOLE}]" in words


@pytest.mark.parametrize("option", ["--seed", "--max-tokens", "--top-k", "--top-p"])
def test_a_variable_that_is_not_set_is_no_value(option: str) -> None:
    found = call("ask", "-n", option, "", "hi")
    assert (found.code, found.out) == (2, "")
    assert found.err.endswith(f"Error: {option} is empty; give a value.\n")


@pytest.mark.parametrize(
    "options",
    [
        ("--max-tokens", str(LARGEST_WHOLE), "--top-k", str(LARGEST_WHOLE)),
        ("--temp", "1e300", "--max-tokens", "3"),
        ("--temp", "1e-320", "--max-tokens", "3"),
        ("--top-p", "0", "--min-p", "1", "--max-tokens", " 3 "),
        ("--top-k", "AUTO", "--max-tokens", "3"),
    ],
)
def test_the_ends_are_used_and_come_back(
    options: tuple[str, ...], tmp_path: Path
) -> None:
    """What was exported can be imported, whatever numbers are in it."""
    file = tmp_path / "chat.json"
    asked = call("ask", *options, "--seed", "1", "hi")
    assert asked.code == 0 and asked.out.strip()
    assert "Warning" not in asked.err
    assert call("history", "export", "--format", "json", "-o", file).code == 0
    found = call("history", "import", "--again", file)
    assert found.code == 0, found.err
    with Store.open() as store:
        kept = [store.messages(each.id)[1].receipt for each in store.conversations()]
    assert kept[0] and kept[0] == kept[1]


@pytest.mark.parametrize("name", ["max_tokens", "top_k", "snapshots_mb"])
def test_the_settings_file_is_bounded(name: str, private_home: Path) -> None:
    assert call("config", "set", name, str(LARGEST_WHOLE)).code == 0
    found = call("config", "set", name, MORE)
    assert found.code == 2 and f"{name} must be at most" in found.err
    file = private_home / "config.toml"
    file.write_text(f"{name} = {MORE}\n")
    found = call("ask", "-n", "hi")
    assert found.code == 2 and f"{name} in {file} must be at most" in found.err


@pytest.mark.parametrize("command", [("list",), ("search", "hi")])
def test_a_list_is_limited_by_what_can_be_counted(command: tuple[str, ...]) -> None:
    for limit, code in ((LARGEST_WHOLE, 0), (LARGEST_WHOLE + 1, 2), (10**30, 2)):
        found = call("history", *command, "--limit", str(limit))
        assert found.code == code and "Unexpected" not in found.err


@pytest.mark.parametrize("value", ["nan", "inf", "1e400", "0", "-1", "x"])
@pytest.mark.parametrize(
    "command",
    [
        ("finetune", "data.jsonl", "--epochs"),
        ("finetune", "data.jsonl", "--learning-rate"),
        ("train", "builtin", "--minutes"),
        ("train", "builtin", "--learning-rate"),
    ],
)
def test_trainings_take_finite_numbers(
    command: tuple[str, ...], value: str, tmp_path: Path, private_home: Path
) -> None:
    *words, option = command
    found = call(*words, f"{option}={value}", cwd=tmp_path)
    assert found.code == 2 and "Unexpected" not in found.err
    assert option in found.err or value == "-1"
    assert not (private_home / "training").exists()


def test_more_epochs_than_steps_can_be_counted(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    lines = ({"prompt": f"{n}?", "completion": f"{n}."} for n in range(8))
    data.write_text("\n".join(map(json.dumps, lines)))
    found = call("finetune", data, "--epochs", "1e300", "-m", "builtin")
    assert found.code == 2
    assert "--epochs is too large; give fewer." in found.err


def test_an_evaluation_of_nothing(tmp_path: Path) -> None:
    found = call("train", "builtin", "--evaluate", "--folder", tmp_path / "run")
    assert found.code == 1
    assert "has no checkpoint yet" in found.err and "Unexpected" not in found.err
    assert not (tmp_path / "run").exists()
