"""Where files are written: in the data directory, private, and nowhere else."""

import stat
import subprocess
import sys
from pathlib import Path

from pytest import MonkeyPatch, raises
from terminal import call, run

from genesis_chat.errors import UsageError
from genesis_chat.paths import compiled_directory, data_directory

QUESTION = ("What is the capital of France?", "--temp", "0")
ANSWER = "The capital of France is Paris.\n"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def tree(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def test_home_is_created_where_told(tmp_path: Path) -> None:
    home = tmp_path / "a" / "b"
    result = call(*QUESTION, env={"GENESIS_CHAT_HOME": str(home)})
    assert (result.code, result.out) == (0, ANSWER)
    assert (home / "models" / "builtin" / "manifest.json").is_file()


def test_home_is_private(empty_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "new"
    script = ["sh", "-c", 'umask 022; exec "$0" "$@"', sys.executable, "-P", "-m"]
    env = {"GENESIS_CHAT_HOME": str(home)}
    assert run("genesis_chat", *QUESTION, command=script, env=env).out == ANSWER
    for directory in (home, home / "models"):
        assert mode(directory) == 0o700, directory
    run("genesis_chat", "models", "default", "builtin", command=script, env=env)
    assert mode(home / "models" / "default") == 0o600


def test_home_may_begin_with_a_tilde(tmp_path: Path) -> None:
    env = {"GENESIS_CHAT_HOME": "~/chat", "HOME": str(tmp_path)}
    assert call(*QUESTION, env=env).out == ANSWER
    assert (tmp_path / "chat" / "models" / "builtin").is_dir()


def test_a_user_without_a_home(monkeypatch: MonkeyPatch) -> None:
    """As in a container whose user nobody knows."""

    def unknown(user: int) -> None:
        raise KeyError(user)

    monkeypatch.setattr("pwd.getpwuid", unknown)
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "GENESIS_CHAT_CACHE"):
        monkeypatch.delenv(name, raising=False)
    assert compiled_directory() is None
    monkeypatch.delenv("GENESIS_CHAT_HOME")
    with raises(UsageError, match="set GENESIS_CHAT_HOME"):
        data_directory()


def test_home_with_unusual_characters(tmp_path: Path) -> None:
    env = {"GENESIS_CHAT_HOME": str(tmp_path / "mes données 'ici'")}
    assert call(*QUESTION, env=env).out == ANSWER
    assert call("models", "verify", "builtin", env=env).code == 0


def test_a_home_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for home in (tmp_path / "file", tmp_path / "file" / "below"):
        refused = call(*QUESTION, env={"GENESIS_CHAT_HOME": str(home)})
        assert (refused.code, refused.out) == (1, "")
        assert str(home) in refused.err and "GENESIS_CHAT_HOME" in refused.err
    # As Python has bytes that are not UTF-8.
    refused = call(*QUESTION, env={"GENESIS_CHAT_HOME": str(tmp_path / "caf\udce9")})
    assert (refused.code, refused.out) == (2, "")
    assert "GENESIS_CHAT_HOME" in refused.err and "not UTF-8" in refused.err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_nothing_is_written_elsewhere(home: Path, tmp_path: Path, assets: Path) -> None:
    env = {
        "HOME": str(tmp_path / "person"),
        "TMPDIR": str(tmp_path / "temporary"),
        "XDG_DATA_HOME": str(tmp_path / "person" / "data"),
        "XDG_CACHE_HOME": str(tmp_path / "person" / "cache"),
        "XDG_CONFIG_HOME": str(tmp_path / "person" / "config"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    (tmp_path / "person").mkdir()
    (tmp_path / "temporary").mkdir()
    (tmp_path / "work").mkdir()
    before = tree(assets)
    for arguments in (
        QUESTION,
        ("models", "list"),
        ("models", "convert", str(assets), "--name", "mine"),
        ("models", "info"),
        ("models", "verify"),
        ("models", "default", "builtin"),
        ("models", "remove", "-y", "mine"),
        ("models", "pull"),
    ):
        run(*arguments, env=env, cwd=tmp_path / "work")
    assert run("chat", stdin="hello\n", env=env, cwd=tmp_path / "work").out
    assert tree(tmp_path) == sorted(
        tmp_path / name for name in ("person", "temporary", "work")
    )
    assert tree(assets) == before
    names = sorted(path.name for path in (home / "models").iterdir())
    assert names == ["builtin", "default"]


def test_without_the_variable_the_platforms_folder_is_used(tmp_path: Path) -> None:
    script = (
        "from genesis_chat.paths import data_directory as d; import platformdirs; "
        "assert d() == platformdirs.user_data_path('genesis-chat', appauthor=False)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", script],
        env={"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert tree(tmp_path) == []
