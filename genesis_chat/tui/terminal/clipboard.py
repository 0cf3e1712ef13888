"""Copying: through the system's own program where there is one, else the terminal."""

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from ...text import visible_controls

if TYPE_CHECKING:
    from textual.app import App

# Each needs its display, or it fails or hangs.
PROGRAMS = (
    (("pbcopy",), None),
    (("wl-copy",), "WAYLAND_DISPLAY"),
    (("xclip", "-selection", "clipboard"), "DISPLAY"),
    (("xsel", "--clipboard", "--input"), "DISPLAY"),
    (("clip.exe",), "WSL_DISTRO_NAME"),
)
PATIENCE_SECONDS = 2.0


def copy(app: "App[object]", text: str) -> str:
    """Copy text as it came; what did it, as a person may read it.

    Only control characters become visible ones: they would act where they are pasted,
    which may be a shell. Over a
    connection to another computer only the terminal reaches the clipboard.
    """
    text = visible_controls(text)
    remote = "SSH_CONNECTION" in os.environ or "SSH_TTY" in os.environ
    for command, needed in () if remote else PROGRAMS:
        if shutil.which(command[0]) and (needed is None or os.environ.get(needed)):
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
