"""Files that appear whole or not at all."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import backends
from backends.new_file import STALE_SECONDS, new_file, remove_leftovers

ROOT = Path(backends.__file__).parents[1]
KILLED = """
import os, signal, sys
from pathlib import Path
from backends.new_file import new_file
with new_file(Path(sys.argv[1])) as file:
    file.partial.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("sync", [False, True])
def test_the_old_one_stays_until_the_new_one_is_whole(
    tmp_path: Path, sync: bool
) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with new_file(path, ".end", sync=sync) as file:
        file.partial.write_text("new")
        assert path.read_text() == "old"
        assert file.partial.parent == tmp_path and file.partial.name.endswith(".end")
    assert path.read_text() == "new" and names(tmp_path) == ["file"]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt, ValueError])
def test_nothing_is_left_of_what_failed(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(error), new_file(path) as file:
        file.partial.write_text("half")
        raise error
    assert path.read_text() == "old" and names(tmp_path) == ["file"]


def test_nothing_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError), new_file(tmp_path / "file"):
        pass
    assert names(tmp_path) == []


def test_the_name_may_depend_on_the_content(tmp_path: Path) -> None:
    with new_file(tmp_path / "file") as file:
        file.partial.write_text("text")
        file.path = tmp_path / "file-text"
    assert names(tmp_path) == ["file-text"]


def test_a_folder_in_the_way_is_an_error_and_stays(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(OSError), new_file(tmp_path / "file") as file:
        file.partial.write_text("text")
    assert names(tmp_path) == ["file"]


def test_what_a_killed_process_left_goes_when_it_is_old(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert path.read_text() == "old"
    (left,) = (each for each in tmp_path.iterdir() if each != path)
    remove_leftovers(path)
    assert left.exists()
    long_ago = left.stat().st_mtime - STALE_SECONDS - 60
    os.utime(left, (long_ago, long_ago))
    other = tmp_path / ".other.1"
    other.write_text("not ours")
    os.utime(other, (long_ago, long_ago))
    remove_leftovers(path)
    assert names(tmp_path) == [".other.1", "file"]


def test_made_by_it_only_the_owner_can_ever_read_it(tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        with new_file(tmp_path / "file", sync=True) as file, file.create() as stream:
            assert file.partial.stat().st_mode & 0o777 == 0o600
            stream.write(b"text")
    finally:
        os.umask(mask)
    assert (tmp_path / "file").read_bytes() == b"text"
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


def test_a_link_in_the_place_of_the_partial_file_is_not_followed(
    tmp_path: Path,
) -> None:
    other = tmp_path / "other"
    other.write_text("somebody's")
    with new_file(tmp_path / "file") as file:
        file.partial.symlink_to(other)
        with file.create() as stream:
            stream.write(b"text")
    assert other.read_text() == "somebody's"
    assert not (tmp_path / "file").is_symlink()
    assert names(tmp_path) == ["file", "other"]


def test_no_other_code_writes_a_file_and_renames_it() -> None:
    """But a damaged history's, whose database has several files."""
    calls = re.compile(r"\bos\.replace\(|\bmkstemp\(|\bNamedTemporaryFile\(")
    found = {
        f"{package}/{path.relative_to(ROOT / package).as_posix()}"
        for package in ("backends", "converters", "genesis_chat")
        for path in (ROOT / package).rglob("*.py")
        if calls.search(path.read_text(encoding="utf-8"))
    }
    assert found == {"backends/new_file.py", "genesis_chat/history/recovery.py"}
