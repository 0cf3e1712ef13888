"""The clipboard: by the system's own program where there is one, else the terminal."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ...text import visible_controls

if TYPE_CHECKING:
    from textual.app import App

Program = tuple[tuple[str, ...], str | None]
# Each needs its display, or it fails or hangs.
PROGRAMS: Sequence[Program] = (
    (("pbcopy",), None),
    (("wl-copy",), "WAYLAND_DISPLAY"),
    (("xclip", "-selection", "clipboard"), "DISPLAY"),
    (("xsel", "--clipboard", "--input"), "DISPLAY"),
    (("clip.exe",), "WSL_DISTRO_NAME"),
)
READERS: Sequence[Program] = (
    (("pbpaste",), None),
    # A picture is no text, whatever its bytes are.
    (("wl-paste", "--no-newline", "--type", "text"), "WAYLAND_DISPLAY"),
    (("xclip", "-selection", "clipboard", "-o"), "DISPLAY"),
    (("xsel", "--clipboard", "--output"), "DISPLAY"),
)
PATIENCE_SECONDS = 2.0


def copy(app: "App[object]", text: str) -> str:
    """Copy text as it came; what did it, as a person may read it.

    Only control characters become visible ones: they would act where they are pasted,
    which may be a shell.
    """
    text = visible_controls(text)
    for command in _here(PROGRAMS):
        try:
            subprocess.run(
                command,
                input=text.encode(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=PATIENCE_SECONDS,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            continue
        return command[0]
    app.copy_to_clipboard(text)
    return "the terminal (OSC 52, where it allows that)"


def clipboard_text() -> str:
    """The text in the clipboard, as a paste would bring it.

    Empty where there is none, and where no program can tell.
    """
    for command in _here(READERS):
        try:
            found = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=PATIENCE_SECONDS,
                check=True,
            ).stdout
        except (OSError, subprocess.SubprocessError):
            continue
        return as_pasted(found.decode(errors="replace"))
    return ""


def as_pasted(text: str) -> str:
    """A text from anywhere with newlines alone and with nothing in it that acts."""
    return visible_controls(text.replace("\r\n", "\n").replace("\r", "\n"))


def _here(programs: Sequence[Program]) -> Iterator[tuple[str, ...]]:
    """Those that reach the clipboard of whoever sits at the terminal.

    Over a connection to another computer none does.
    """
    remote = "SSH_CONNECTION" in os.environ or "SSH_TTY" in os.environ
    for command, needed in () if remote else programs:
        if shutil.which(command[0]) and (needed is None or os.environ.get(needed)):
            yield command
