"""`genesis-chat chat`: a conversation, line by line."""

import os
import sys
from typing import Any

import click

from .conversation import Choice
from .editing import enable_line_editing
from .input import piped_lines
from .interface import open_interface
from .line_chat import LineChat
from .options import generation_options, model_from, settings_from
from .show import load_model, notice


@click.command()
@generation_options
@click.option(
    "--plain", is_flag=True, help="Line by line, without the full-screen interface."
)
def chat(
    stats: bool,
    plain: bool,
    **options: Any,
) -> int:
    """Chat in the terminal.

    Full screen by default; line by line with --plain, on a dumb terminal, or when
    input or output is redirected. Each line of piped input is a message.
    """
    model = model_from(options)
    settings, choice = settings_from(options), Choice(options)
    if not plain and _can_draw():
        return open_interface(choice, settings, model)
    terminal = sys.stdin.isatty()
    choice.check()
    genesis = load_model(model)
    with LineChat(genesis, choice, settings, stats) as conversation:
        return _converse(conversation) if terminal else _take_lines(conversation)


def _can_draw() -> bool:
    """Whether this is a terminal that can place text; Textual draws on stderr."""
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return os.environ.get("TERM") != "dumb" and all(s.isatty() for s in streams)


def _converse(conversation: LineChat) -> int:
    """Take the lines that a person types; the exit code."""
    enable_line_editing()
    notice(
        f"{conversation.genesis.model.name} on {conversation.genesis.model.device}. "
        "Type a message. /help lists commands, Ctrl+D quits."
    )
    while True:
        try:
            line = input("\n> ")
        except EOFError:
            click.echo()
            return 0
        except KeyboardInterrupt:
            notice("\nType /quit or press Ctrl+D to quit.")
            continue
        if not conversation.take(line):
            return 0


def _take_lines(conversation: LineChat) -> int:
    """Take the lines of a pipe or a file; 1 when one of them could not be done."""
    for line in piped_lines():
        if not conversation.take(line.removesuffix("\r")):
            break
    return int(conversation.failed)
