"""Prompts as text files: `prompts/NAME.md` in the data directory, or built in.

A person's file goes before the built-in one of the same name; removing it brings
that one back.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from ..errors import PromptError, UsageError
from ..paths import data_directory
from ..text import trimmed
from ..text_files import (
    LARGEST_WRITTEN,
    TextFileError,
    not_written,
    read_text,
    replace_text,
)

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
SUFFIX = ".md"


@dataclass(frozen=True)
class NamedPrompt:
    """A system prompt; `builtin` when it comes with the program unchanged."""

    name: str
    text: str
    builtin: bool


def prompts(told: Callable[[str], None]) -> list[NamedPrompt]:
    """All of them, by name; `told` of each that cannot be read, which is left out.

    Raises `PromptError` when their folder cannot be read.
    """
    found = []
    for name in names():
        try:
            found.append(find(name))
        except PromptError as error:
            told(str(error))
    return found


def names() -> list[str]:
    """The names of all prompts, sorted."""
    own: set[str] = set()
    try:
        own = {p.stem for p in _folder().glob(f"*{SUFFIX}") if NAME.fullmatch(p.stem)}
    except OSError as error:
        raise PromptError(
            f"{_folder()} cannot be read: {error.strerror}. Check its permissions."
        ) from error
    return sorted(own | _builtin().keys())


def find(name: str) -> NamedPrompt:
    """One prompt. Raises `PromptError` or `UsageError`."""
    check_name(name)
    path = _path(name)
    try:
        found = read_text(path, LARGEST_WRITTEN, regular=True)
        if found.first is not None:
            raise TextFileError(
                f"is not {found.encoding} at byte {found.first:,}; save it as UTF-8"
            )
        # Other systems end lines otherwise, which the model would read.
        text = found.text.replace("\r\n", "\n").replace("\r", "\n")
        return NamedPrompt(name, trimmed(text), False)
    except FileNotFoundError as error:
        if path.is_symlink():
            raise PromptError(
                f"The prompt {path} is a broken link; remove it."
            ) from error
    except TextFileError as error:
        raise PromptError(f"The prompt {path} {error}; correct it.") from error
    except OSError as error:
        raise PromptError(
            f"The prompt {path} cannot be read: {error.strerror}. Check the file."
        ) from error
    if name not in _builtin():
        raise PromptError(
            f"No prompt is called {name!r}. Prompts: {', '.join(names())}."
        )
    return NamedPrompt(name, _builtin()[name], True)


def add(name: str, text: str, *, replace: bool = False) -> NamedPrompt:
    """Keep a prompt under a name. Raises `PromptError` or `UsageError`.

    A built-in one may always be replaced; another only with `replace`.
    """
    check_name(name)
    path, text = _path(name), trimmed(text)
    if not text:
        raise UsageError("The prompt is empty; give its text.")
    if path.exists() and not replace:
        raise PromptError(
            f"A prompt {name!r} exists; change it with `prompts edit {name}`."
        )
    try:
        replace_text(path, f"{text}\n")
    except UnicodeEncodeError as error:
        raise UsageError("The prompt is not valid text; save it as UTF-8.") from error
    except OSError as error:
        raise PromptError(not_written(path, error)) from error
    return NamedPrompt(name, text, False)


def remove(name: str) -> bool:
    """Delete a person's prompt; whether a built-in one stands there again.

    Raises `PromptError` or `UsageError`.
    """
    if find(name).builtin:
        raise PromptError(
            f"{name!r} is built in and cannot be removed; edit it to have your own."
        )
    try:
        _path(name).unlink()
    except OSError as error:
        raise PromptError(
            f"{name!r} cannot be removed: {error.strerror}. Check {_path(name)}."
        ) from error
    return name in _builtin()


def check_name(name: str) -> str:
    """The name, if a prompt may have it. Raises `UsageError`."""
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{name[:60]!r} cannot be a prompt's name: use up to 40 lowercase letters, "
            "digits, dashes and underscores."
        )
    return name


def _folder() -> Path:
    return data_directory() / "prompts"


def _path(name: str) -> Path:
    return _folder() / f"{name}{SUFFIX}"


def _builtin() -> dict[str, str]:
    folder = files("assets") / "prompts"
    return {
        entry.name.removesuffix(SUFFIX): entry.read_text(encoding="utf-8").strip()
        for entry in folder.iterdir()
        if entry.name.endswith(SUFFIX)
    }
