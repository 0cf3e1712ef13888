"""What the application knows of families and backends only by what they declare."""

import ast
from collections.abc import Iterator
from pathlib import Path

import click

import genesis_chat
from backends.registry import COMPUTE_DTYPES, ENTRIES, switches
from genesis_chat.cli.main import cli

APPLICATION = Path(genesis_chat.__file__).parent
# Measurements compare backends; the interface words its settings itself; a training
# has methods, of which one is called as what it trains, and a recipe is for one model.
ELSEWHERE = {"bench", "training", "tui"}
# Stored so, in the history's tables and in exports: its column, and what wrote it.
STORED = {
    ("chat/recording.py", "delta_rule"),
    ("history/exchange/native.py", "delta_rule"),
    # Manifests say how a model was trained.
    ("cli/models_training.py", "ttt"),
    # Here it is a package, whose launcher is used.
    ("engine/launching.py", "mlx"),
    # So is called what reads a form of calls in mlx-lm.
    ("engine/tool_use/forms.py", "mistral"),
    # What weights can be stored in, which a person asks a conversion for.
    *(("settings.py", dtype) for dtype in COMPUTE_DTYPES),
}


def declared() -> set[str]:
    types = {each for entry in ENTRIES for each in entry.model_types}
    named = {each.name for scope in ("state", "model") for each in switches(scope)}
    return types | named | {*COMPUTE_DTYPES} | {entry.name for entry in ENTRIES}


def texts() -> Iterator[tuple[str, str]]:
    for path in APPLICATION.rglob("*.py"):
        inside = path.relative_to(APPLICATION)
        if inside.parts[0] not in ELSEWHERE and "migrations" not in inside.parts:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield inside.as_posix(), node.value


def test_no_name_of_a_family_a_dtype_or_a_switch_is_written_out() -> None:
    known = declared()
    assert {"genesis", "llama", "ttt", "delta_rule", "int8", "cpu"} <= known
    found = {(where, text) for where, text in texts() if text in known}
    assert found - STORED == set()


def test_what_can_be_switched_on_is_an_option_of_the_command_line() -> None:
    options = {
        name: option
        for option in cli.commands["ask"].params
        if isinstance(option, click.Option)
        for name in [*option.opts, *option.secondary_opts]
    }
    for each in switches("state"):
        flag = each.name.replace("_", "-")
        assert options[f"--{flag}"] is options[f"--no-{flag}"]
        assert options[f"--{flag}"].help == each.help
    for each in switches("model"):
        option = options["--" + each.name.replace("_", "-")]
        assert isinstance(option, click.Option)
        assert (option.help, option.is_flag) == (each.help, True)
