"""Pasting what only the terminal may know, or what was copied in the interface."""

import asyncio
from contextlib import suppress

from ..terminal.terminal import TerminalApp
from .parts import Parts

# A terminal that tells does so at once, or asks its owner first.
ANSWER_SECONDS = 0.5
NOTHING = (
    "Nothing to paste that can be read from here; use your terminal's own key for it, "
    "often Ctrl+Shift+V or Cmd+V."
)


async def paste(parts: Parts) -> None:
    """Ask the terminal; where it keeps silent, paste what was copied in here."""
    composer, app = parts.composer, parts.pane.app
    assert isinstance(app, TerminalApp)
    composer.brought.clear()
    # Where a paste goes.
    composer.focus()
    app.ask_clipboard()
    with suppress(TimeoutError):
        await asyncio.wait_for(composer.brought.wait(), ANSWER_SECONDS)
        return
    if app.clipboard:
        app.drop_clipboard()
        composer.paste(app.clipboard)
    else:
        # An answer may come yet: its owner may be reading the terminal's question.
        parts.tell(NOTHING)
