"""The Python interface."""

import dataclasses
import shutil
import subprocess
import sys
import warnings
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from loaded import tokenizer_of
from terminal import call

import genesis_chat
from genesis_chat import Genesis, load
from genesis_chat.errors import (
    ContextFullError,
    GenesisChatError,
    ModelError,
    UsageError,
)
from genesis_chat.settings import GenerationOptions, GenerationSettings

QUESTION = "What is the capital of France?"
ANSWER = "The capital of France is Paris."


def test_load_and_ask() -> None:
    genesis = load()
    assert genesis.is_builtin
    assert genesis.ask(QUESTION, temperature=0) == ANSWER


def test_load_prepares_the_builtin_model(empty_home: Path) -> None:
    assert load().ask(QUESTION, temperature=0) == ANSWER
    assert (empty_home / "models" / "builtin").is_dir()


def test_load_by_name_and_by_path(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "models" / "builtin", home / "models" / "mine")
    assert load("mine").model.name == "mine"
    assert not load("mine").is_builtin
    by_path = load(home / "models" / "mine")
    assert by_path.ask(QUESTION, temperature=0) == ANSWER
    assert load().model.name == "mine"
    assert load("builtin").is_builtin


def test_load_takes_a_dtype() -> None:
    assert load(dtype="bfloat16").model.dtype == "bfloat16"
    # The choice where nothing speeds half precision up.
    if load().model.device == "CPU":
        assert load().model.dtype == "int8"
        assert load(backend="mlx").model.dtype == "float32"


def test_load_refuses(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="'absent'"):
        load("absent")
    with pytest.raises(ModelError, match="manifest"):
        load(tmp_path)
    with pytest.raises(UsageError):
        load("..")
    with pytest.raises(GenesisChatError, match="dtype"):
        load(dtype="int7")  # type: ignore[arg-type]


def test_pieces_joined_are_the_reply(genesis: Genesis) -> None:
    for seed in range(3):
        pieces = list(genesis.stream("Tell me a story", seed=seed, temperature=1.2))
        assert len(pieces) > 1 and all(pieces)
        asked = genesis.ask("Tell me a story", seed=seed, temperature=1.2)
        assert "".join(pieces) == asked


def test_stream_comes_piece_by_piece(genesis: Genesis) -> None:
    stream = genesis.stream(QUESTION, temperature=0)
    first = next(stream)
    assert ANSWER.startswith(first) and first != ANSWER
    stream.close()
    assert genesis.ask(QUESTION, temperature=0) == ANSWER


def test_command_line_and_interface_agree(genesis: Genesis) -> None:
    result = call("ask", "Tell me a story", "--seed", "8", "-s", "Be brief.")
    asked = genesis.ask("Tell me a story", seed=8, system="Be brief.")
    assert result.out == f"{asked}\n"


def test_reply_tells_its_tokens(genesis: Genesis) -> None:
    reply = genesis.reply(QUESTION, temperature=0)
    assert reply.text == ANSWER
    assert reply.finish_reason == "stop"
    assert reply.token_ids[-1] == tokenizer_of(genesis).im_end
    decoded = tokenizer_of(genesis).decode(reply.token_ids[:-1])
    assert decoded.strip() == ANSWER
    assert reply.settings.seed is not None


def test_options_are_the_settings() -> None:
    names = [field.name for field in dataclasses.fields(GenerationSettings)]
    assert list(GenerationOptions.__annotations__) == names


def test_session_remembers_and_reads_only_what_is_new(genesis: Genesis) -> None:
    from genesis_chat.engine import Finished

    settings = GenerationSettings(temperature=0)
    session = genesis.session()
    replies = [
        event.reply
        for message in ("My name is Anna.", "What is my name?")
        for event in session.reply(message, settings)
        if isinstance(event, Finished)
    ]
    assert "Anna" in replies[1].text
    assert replies[1].prefilled_tokens < replies[1].prompt_tokens
    # One question after another from `ask` shares nothing.
    assert "Anna" not in genesis.ask("What is my name?", temperature=0)


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": -1.0},
        {"temperature": float("nan")},
        {"top_k": -1},
        {"top_p": 1.5},
        {"min_p": -0.5},
        {"repetition_penalty": 0.0},
        {"max_tokens": 0},
    ],
)
def test_settings_out_of_range(genesis: Genesis, options: GenerationOptions) -> None:
    with pytest.raises(UsageError, match=next(iter(options))):
        genesis.ask("hello", **options)


def test_prompt_that_does_not_fit(genesis: Genesis) -> None:
    with pytest.raises(ContextFullError, match="1024"):
        genesis.ask("word " * 3000)
    with pytest.raises(GenesisChatError):
        list(genesis.stream("word " * 3000))


def test_unknown_option_is_a_type_error(genesis: Genesis) -> None:
    with pytest.raises(TypeError, match="warmth"):
        genesis.ask("hello", warmth=1)  # type: ignore[call-arg]


@pytest.mark.parametrize("prompt", [None, b"hi", 3, ["hi"], {"role": "user"}, ...])
def test_a_prompt_that_is_no_text_is_a_type_error(
    genesis: Genesis, prompt: Any
) -> None:
    """At once, also where a reply is only asked for piece by piece."""
    for method in (genesis.ask, genesis.reply, genesis.stream):
        with pytest.raises(TypeError, match="prompt must be a str, not "):
            method(prompt)
        with pytest.raises(TypeError, match="system must be a str, not "):
            method("hello", system=prompt)
    session = genesis.session()
    with pytest.raises(TypeError, match="prompt must be a str, not "):
        session.reply(prompt, GenerationSettings())
    assert not session.exchanges


@pytest.mark.parametrize("model", [3, b"builtin", ["builtin"], True])
def test_a_model_that_is_no_name_is_a_type_error(model: object) -> None:
    with pytest.raises(TypeError, match="model must be a name or a path"):
        load(model)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="delta_rule must be a bool"):
        load(delta_rule=model if model is not True else "yes")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"temperature": "hot"}, TypeError),
        ({"temperature": b"1"}, TypeError),
        ({"max_tokens": 1.0}, TypeError),
        ({"top_k": [1]}, TypeError),
        ({"seed": True}, TypeError),
        ({"ttt": None}, TypeError),
        ({"thinking": 3}, TypeError),
        ({"thinking": "perhaps"}, ValueError),
        ({"max_tokens": 0}, ValueError),
        ({"max_tokens": 2**63}, ValueError),
        ({"top_k": 10**30}, ValueError),
        ({"temperature": float("inf")}, ValueError),
        ({"temperature": 10**400}, ValueError),
        ({"seed": -1}, ValueError),
    ],
)
def test_options_are_of_a_type_and_a_range(
    genesis: Genesis, options: Any, kind: type[Exception]
) -> None:
    (name,) = options
    for method in (genesis.ask, genesis.reply):
        with pytest.raises(kind, match=f"^{name} must be "):
            method("hello", **options)
    with pytest.raises(kind, match=f"^{name} must be "):
        next(genesis.stream("hello", **options))


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"dtype": "int7"}, ValueError),
        ({"dtype": 8}, TypeError),
        ({"backend": "gpu"}, ValueError),
        ({"backend": None}, TypeError),
        ({"force": "yes"}, TypeError),
        ({"warmth": 1}, TypeError),
    ],
)
def test_what_a_model_cannot_be_loaded_with(
    options: Any, kind: type[Exception]
) -> None:
    with pytest.raises(kind, match=next(iter(options))):
        load("builtin", **options)


@pytest.mark.parametrize("settings", [None, {"seed": 1}, "auto"])
def test_a_session_takes_settings(genesis: Genesis, settings: Any) -> None:
    with pytest.raises(TypeError, match="settings must be GenerationSettings, not "):
        genesis.session().reply("hello", settings)


@pytest.mark.parametrize("temperature", [1e-320, 1e-10, 1e300])
def test_extreme_temperatures_are_quiet(genesis: Genesis, temperature: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert genesis.ask("hello", temperature=temperature, seed=1, max_tokens=3)


@pytest.mark.parametrize("seed", [-1, 2**63, 2**64, 1.5, True, "7"])
def test_seeds_out_of_range(genesis: Genesis, seed: object) -> None:
    with pytest.raises(UsageError, match="seed"):
        genesis.ask("hello", seed=seed, max_tokens=1)  # type: ignore[arg-type]


def test_seeds_at_the_ends(genesis: Genesis) -> None:
    for seed in (0, 2**63 - 1):
        assert genesis.reply("hello", seed=seed, max_tokens=1).settings.seed == seed


def test_package_is_typed_and_documented() -> None:
    assert (files(genesis_chat) / "py.typed").is_file()
    for thing in (load, Genesis, Genesis.ask, Genesis.stream, Genesis.reply):
        assert thing.__doc__
    for name in genesis_chat.__all__:
        assert getattr(genesis_chat, name)


def test_type_checker_knows_the_interface(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from genesis_chat import load\n"
        "genesis = load()\n"
        "reveal_type(genesis.ask('x', temperature=0))\n"
        "for piece in genesis.stream('x'):\n"
        "    reveal_type(piece)\n"
        "genesis.ask('x', warmth=0)\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-P", "-m", "mypy", "--strict", script],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    revealed = [x for x in done.stdout.splitlines() if "Revealed type" in x]
    assert len(revealed) == 2 and all("str" in line for line in revealed), done.stdout
    assert done.stdout.count("error:") == 1 and "warmth" in done.stdout
