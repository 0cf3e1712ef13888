"""`NO_COLOR`: the terminal's own colours, and still something stands out."""

import re
from pathlib import Path

import pytest
from slow import slow
from terminal import Screen

from genesis_chat.models import ensure_builtin

SIZE = (100, 30)
STYLE = re.compile(rb"\x1b\[([0-9;]*)m")
# All that is no colour: off, bold, dim, italic, underlined, blinking, reverse, struck.
ATTRIBUTES = {b"", b"0", b"1", b"2", b"3", b"4", b"5", b"7", b"9"}


@pytest.mark.parametrize(("value", "colours"), [("1", False), slow("", True)])
def test_no_colour_is_written(
    private_home: Path, compiled: None, value: str, colours: bool
) -> None:
    ensure_builtin()
    with Screen.start("-m", "builtin", size=SIZE, env={"NO_COLOR": value}) as screen:
        screen.see("builtin · ", SIZE)
        screen.type("```python\\nx = 1\\n```\rHello")
        screen.see("first token", SIZE)
        # The settings, the list of chats and what is found are drawn as well.
        screen.type("\x06python")
        screen.see("Messages", SIZE)
        screen.type("\x1b[19~\x1bOS")
        screen.see("Chat settings", SIZE)
        screen.type("\x11")
        screen.finish()
    found = {
        part for style in STYLE.findall(screen.shown) for part in style.split(b";")
    }
    assert (found <= ATTRIBUTES) is not colours
    # The cursor and what has the focus are seen.
    assert b"7" in found or colours
