"""`genesis-chat chat`: a conversation, line by line."""

import os
import sys
from typing import Any

import click

from .conversation import Choice
from .interface import open_interface
from .line_chat import LineChat
from .options import generation_options, settings_from
from .show import load_model, notice


@click.command()
@generation_options
@click.option(
    "--plain", is_flag=True, help="Line by line, without a full-screen interface."
)
def chat(
    model: str | None,
    dtype: str | None,
    backend: str,
    delta_rule: bool,
    stats: bool,
    plain: bool,
    **options: Any,
) -> int:
    """Chat, on a terminal in a full-screen interface.

    With --plain, on a dumb terminal, or when a standard stream is no terminal, line
    by line: each line of a piped standard input is a turn.
    """
    settings, choice = settings_from(options), Choice(options)
    if not plain and _can_draw():
        return open_interface(choice, settings, model, dtype, backend, delta_rule)
    genesis = load_model(model, dtype, backend, delta_rule)
    terminal = sys.stdin.isatty()
    with LineChat(genesis, choice, settings, stats) as conversation:
        return _converse(conversation, terminal)


def _can_draw() -> bool:
    """Whether this is a terminal that can place text; Textual draws on stderr."""
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return os.environ.get("TERM") != "dumb" and all(s.isatty() for s in streams)


def _converse(conversation: LineChat, terminal: bool) -> int:
    if terminal:
        _enable_line_editing()
        notice(
            f"{conversation.genesis.model.name} on "
            f"{conversation.genesis.model.device}. "
            "Type a message, /help for commands, Ctrl-D to leave."
        )
    while True:
        try:
            line = input("\n> " if terminal else "")
        except EOFError:
            if terminal:
                click.echo()
            return 0
        except KeyboardInterrupt:
            notice("\nType /quit or press Ctrl-D to leave.")
            continue
        if not conversation.take(line.strip()):
            return 0


def _enable_line_editing() -> None:
    """Give `input` line editing and recall, where the platform has it."""
    try:
        import readline  # noqa: F401 - importing it is what does it
    except ImportError:
        notice("Line editing is not available on this platform.")
