"""Errors tell the truth: exit codes, seeds, and a history that cannot be written."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from terminal import Screen, call, run

from genesis_chat.cli import ask as ask_module
from genesis_chat.cli import chat as chat_module
from genesis_chat.conversation import DEFAULT_SYSTEM_PROMPT
from genesis_chat.history import Store
from genesis_chat.settings import LARGEST_SEED

FRANCE, PARIS = "What is the capital of France?", "The capital of France is Paris."
GREEDY = ("--temp", "0")


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([FRANCE], 0),
        ([FRANCE, "/stats", "/help", "/versions", "/quit"], 0),
        ([], 0),
        (["word " * 3000], 1),
        (["/nothing", FRANCE], 1),
        ([FRANCE, "/set temperature warm"], 1),
        (["/continue"], 1),
        (["/export /nowhere/at/all.md", "/quit"], 1),
        ([FRANCE, "/set seed -1"], 1),
    ],
)
def test_a_piped_chat_that_fails_says_so_in_its_code(
    lines: list[str], code: int
) -> None:
    found = call("chat", "--plain", *GREEDY, stdin="\n".join(lines))
    assert found.code == code, found.err
    assert found.out.count("Paris") == lines.count(FRANCE)


@pytest.mark.parametrize("command", ["ask", "chat"])
@pytest.mark.parametrize("seed", ["-1", str(2**63), str(2**64), str(10**30)])
def test_seeds_out_of_range_are_refused(command: str, seed: str) -> None:
    found = call(command, f"--seed={seed}", "-n", stdin="hello")
    assert (found.code, found.out) == (2, "")
    assert str(LARGEST_SEED) in found.err


def test_seeds_at_the_ends_are_in_exports(tmp_path: Path) -> None:
    for number, seed in enumerate((0, LARGEST_SEED)):
        asked = call("ask", "hello", "--json", "--seed", str(seed), "--max-tokens", "2")
        id = json.loads(asked.out)["conversation"]
        file = tmp_path / f"{number}.json"
        assert call("history", "export", id, "--format", "json", "-o", file).code == 0
        (chat,) = json.loads(file.read_text())["conversations"]
        assert chat["messages"][1]["receipt"]["seed"] == seed


@pytest.mark.parametrize("format", ["json", "jsonl"])
def test_seeds_from_elsewhere_are_left_out_and_told(
    format: str, tmp_path: Path
) -> None:
    call("ask", "hello", "--seed", "5", "--max-tokens", "2")
    file = tmp_path / f"chat.{format}"
    call("history", "export", "--all", "--format", format, "-o", file)
    text = file.read_text()
    assert text.count('"seed": 5') == 1
    for seed in (2**63, 2**64 + 1, -1):
        file.write_text(text.replace('"seed": 5', f'"seed": {seed}'))
        with Store.open() as store:
            before = {each.id for each in store.conversations()}
        found = call("history", "import", "--again", file)
        assert found.code == 0 and "seed" in found.err, found.err
        with Store.open() as store:
            (latest,) = (c for c in store.conversations() if c.id not in before)
            (reply,) = [m for m in store.messages(latest.id) if m.role == "assistant"]
            assert reply.receipt and reply.receipt.seed is None
            assert reply.receipt.reply_tokens == 2
        again = tmp_path / f"again{seed}.{format}"
        call("history", "export", latest.id, "--format", format, "-o", again)
        assert '"seed": null' in again.read_text()
        assert call("history", "import", "--again", again).code == 0


@pytest.fixture
def sealed(tmp_path: Path) -> Iterator[Path]:
    """A data directory with a history, on a disk that can only be read."""
    folder = tmp_path / "sealed"
    folder.mkdir()
    superuser = os.geteuid() == 0
    mount = shutil.which("mount")
    if superuser:
        command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
        if mount is None or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("the superuser may write anywhere, and cannot mount here")
    with Store.open(folder / "history.sqlite3") as store:
        chat = store.create(title="Kept", system=DEFAULT_SYSTEM_PROMPT)
        store.add(chat.id, "user", FRANCE, parent=None)
    if superuser:
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    else:
        (folder / "history.sqlite3").chmod(0o400)
        folder.chmod(0o500)
    yield folder
    if superuser:
        subprocess.run(["umount", str(folder)], check=True)
    else:
        folder.chmod(0o700)


@pytest.mark.parametrize("command", [("ask",), ("ask", "-c"), ("chat", "--plain")])
def test_a_history_that_cannot_be_written_is_told_before_a_model_is_loaded(
    sealed: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[object] = []
    for module in (ask_module, chat_module):
        monkeypatch.setattr(module, "load_model", lambda *a: loaded.append(a))
    found = call(*command, stdin="hello", env={"GENESIS_CHAT_HOME": str(sealed)})
    assert (found.code, found.out, loaded) == (1, "", [])
    assert "The history could not be written" in found.err
    assert "Use --no-log to go on without saving." in found.err
    assert found.err.count("\n") == 1


def test_a_history_that_cannot_be_made_says_why_once() -> None:
    found = call("history", "list", env={"GENESIS_CHAT_HOME": "/dev/null/x"})
    assert (found.code, found.out) == (1, "")
    assert "history.sqlite3 cannot be read: Not a directory. Run" in found.err


def test_without_the_history_it_goes_on(sealed: Path, home: Path) -> None:
    model = home / "models" / "builtin"
    env = {"GENESIS_CHAT_HOME": str(sealed)}
    before = {path.name: path.read_bytes() for path in sealed.iterdir()}
    for more in (("-n",), ("-n", "-c")):
        found = call("ask", FRANCE, *GREEDY, "-m", model, *more, env=env)
        assert (found.code, found.out) == (0, f"{PARIS}\n"), found.err
    assert {path.name: path.read_bytes() for path in sealed.iterdir()} == before


def test_looking_whether_it_can_be_written_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    with Store.open(path) as store:
        store.create(title="Kept", system="")
        before = path.read_bytes()
        store.check_writable()
        assert path.read_bytes() == before
        assert store.check() == [] and len(store.conversations()) == 1


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "POSIX"},
        {"LC_ALL": "xx_YY.UTF-8"},
        {"LC_ALL": "", "LC_CTYPE": "C", "LANG": "C", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_backspace_deletes_characters(env: dict[str, str]) -> None:
    # Without UTF-8 mode a locale that is not there would be read as ASCII.
    env = {**env, "PYTHONUTF8": "1"}
    with Screen.start("chat", "--plain", *GREEDY, env=env) as screen:
        after = screen.read_until("\n> ")
        screen.type("What is the capital of Franc\u00e9\u20ac\U0001f600")
        screen.type("\x7f\x7f\x7fe?\r")
        screen.read_until("\n> ", screen.read_until(PARIS, after))
        screen.type("\x04")
        assert screen.finish() == 0
    with Store.open() as store:
        latest = store.latest()
        assert latest
        assert store.messages(latest.id)[0].content == FRANCE


def test_children_keep_their_language(home: Path) -> None:
    """Outside the line-by-line chat on a terminal the environment stays as it is."""
    found = run("ask", "-n", FRANCE, *GREEDY, env={"LC_ALL": "C"})
    assert (found.code, found.out) == (0, f"{PARIS}\n")
