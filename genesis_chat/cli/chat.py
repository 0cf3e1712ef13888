"""`genesis-chat chat`: a conversation, line by line."""

import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Self

import click

from ..errors import ContextFullError, GenerationError, HistoryError
from ..settings import GenerationSettings
from .conversation import Choice
from .interface import open_interface
from .options import generation_options, settings_from
from .show import (
    dropped,
    load_model,
    notice,
    statistics,
    stop_on_interrupt,
    write,
)

HELP = """\
/new           start again with an empty conversation
/system TEXT   set the system prompt and start again
/stats         show or hide speed and token counts
/help          show this
/quit          leave (or Ctrl-D)
Ctrl-C stops a reply."""


@click.command()
@generation_options
@click.option(
    "--plain", is_flag=True, help="Line by line, without a full-screen interface."
)
def chat(
    model: str | None,
    dtype: str | None,
    stats: bool,
    plain: bool,
    **options: Any,
) -> int:
    """Chat, on a terminal in a full-screen interface.

    With --plain, or when standard input or output is no terminal, line by line: each
    line of a piped standard input is a turn.
    """
    settings, choice = settings_from(options), Choice(options)
    if not plain and sys.stdin.isatty() and sys.stdout.isatty():
        return open_interface(choice, settings, model, dtype)
    genesis = load_model(model, dtype)
    terminal = sys.stdin.isatty()
    with _Chat(genesis, choice, settings, stats) as conversation:
        return _converse(conversation, terminal)


def _converse(conversation: "_Chat", terminal: bool) -> int:
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


@dataclass
class _Chat:
    genesis: Any
    choice: Choice
    settings: GenerationSettings
    stats: bool

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def begin(self) -> None:
        """Take up the conversation that was asked for, or a new one."""
        stack = ExitStack()
        self.session = stack.enter_context(self.choice.open(self.genesis))
        self._stack = stack

    def begin_new(self, system: str | None = None) -> None:
        """Leave the conversation for an empty one."""
        if system is not None:
            self.choice.system = system
        self.choice.latest, self.choice.conversation = False, None
        self._stack.close()
        self.begin()

    def take(self, line: str) -> bool:
        """Handle one line; whether to go on."""
        command, _, rest = line.partition(" ")
        match command:
            case "":
                pass
            case "/quit" | "/exit":
                return False
            case "/help":
                notice(HELP)
            case "/stats":
                self.stats = not self.stats
                notice(f"Statistics are {'on' if self.stats else 'off'}.")
            case "/new":
                self.begin_new()
                notice("A new conversation.")
            case "/system":
                self.begin_new(rest.strip())
                notice("A new conversation with this system prompt.")
            case _ if command.startswith("/") and "/" not in command[1:]:
                notice(f"{command} is not a command; /help lists them.")
            case _:
                self._reply(line)
        return True

    def _reply(self, line: str) -> None:
        from ..engine import Dropped, Finished, Text

        with stop_on_interrupt() as stop:
            try:
                for event in self.session.reply(line, self.settings, cancelled=stop):
                    match event:
                        case Dropped(exchanges):
                            notice(dropped(exchanges))
                        case Text(text):
                            write(text)
                        case Finished(reply):
                            write("\n")
                            self._finished(reply)
            except (ContextFullError, GenerationError, HistoryError) as error:
                notice(f"Error: {error}")

    def _finished(self, reply: Any) -> None:
        if reply.finish_reason == "cancelled":
            notice("[stopped]")
        elif reply.finish_reason == "length":
            notice(f"[stopped after {reply.reply_tokens} tokens, see --max-tokens]")
        elif reply.finish_reason == "context":
            notice("[stopped: the model's context is full]")
        if self.stats:
            notice(statistics(reply))
