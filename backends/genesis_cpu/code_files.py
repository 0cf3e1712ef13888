"""Files of compiled code: one for each kernel, kind of arguments and processor."""

from contextlib import suppress
from pathlib import Path

from ..new_file import new_file


def write_code(folder: Path, name: str, content: bytes) -> None:
    """Write a file of code, and drop those of the same code from other sources.

    Its name ends in a digest of the sources and what kind of file it is, each after a
    full stop. Nothing is raised where the folder is read-only or full: the next
    program compiles again.
    """
    stem, _, kind = name.rsplit(".", 2)
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with new_file(folder / name) as file, file.create() as stream:
            stream.write(content)
        for other in folder.iterdir():
            match other.name.rsplit(".", 2):
                case [same, _, end] if (same, end) == (stem, kind):
                    if other.name != name:
                        other.unlink(missing_ok=True)
