"""`genesis-chat`: the group of commands and how errors leave the program."""

import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click

from .. import __version__
from ..errors import GenesisChatError
from ..text import sanitize
from .ask import ask
from .batch import batch
from .bench import bench
from .chat import chat
from .completion import completion
from .config import config
from .doctor import doctor
from .finetune import finetune
from .history import history
from .mlx_lm import mlx_lm
from .models import models
from .options import own_defaults
from .prompts import prompts
from .serve import serve
from .train import train

INTERRUPTED = 130
# Commands whose options have the defaults that the settings file gives.
REPLYING = ("ask", "chat", "batch")


class _ReaderGoneError(Exception):
    """Whoever read our output has seen enough. Click would exit with 1 for a pipe."""


@contextmanager
def _noticing_closed_pipes() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise _ReaderGoneError from error


class PromptGroup(click.Group):
    """A group whose default command is `ask`, or `chat` when there is nothing to ask.

    The first argument is a command if it is the name of one, else a prompt.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {"--help", "-h", "--version"}
        terminal = sys.stdin.isatty() and sys.stdout.isatty()
        if not args and ctx.resilient_parsing:
            pass  # The shell completes the first word: any command's name.
        elif not args:
            args = ["chat"] if terminal else ["ask"]
        elif terminal and args[0].startswith("-") and _asks_nothing(args):
            args = ["chat", *args]
        elif args[0] not in own and args[0] not in self.commands:
            args = ["ask", *args]
        with _noticing_closed_pipes():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        with _noticing_closed_pipes():
            return super().invoke(ctx)


def _asks_nothing(args: list[str]) -> bool:
    """Whether there are options of a chat only, and no prompt among them."""
    if {"--help", "-h", "--version"} & set(args):
        return False
    try:
        chat.make_context("chat", list(args))
    except click.UsageError:
        return False
    return True


@click.group(
    cls=PromptGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="If the first word is not a command, it is a prompt: `genesis-chat hello`. "
    "With no arguments, starts a chat. Exit codes: 0 done, 1 failed, 2 wrong usage, "
    "130 interrupted.",
)
@click.version_option(__version__, prog_name="genesis-chat")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Chat with Genesis, a small hybrid language model, offline on this computer."""
    if ctx.invoked_subcommand in REPLYING and not ctx.resilient_parsing:
        ctx.default_map = dict.fromkeys(REPLYING, own_defaults())


cli.add_command(ask)
cli.add_command(chat)
cli.add_command(history)
cli.add_command(models)
cli.add_command(prompts)
cli.add_command(config)
cli.add_command(bench)
cli.add_command(serve)
cli.add_command(batch)
cli.add_command(finetune)
cli.add_command(mlx_lm)
cli.add_command(train)
cli.add_command(doctor)
cli.add_command(completion)


def main() -> None:
    """Run the command line and exit with its code."""
    sys.unraisablehook = _tell_unraisable
    _prepare_streams()
    try:
        try:
            code = run(sys.argv[1:])
            _flush_stdout()
        finally:
            _ignore_interrupts()
    except KeyboardInterrupt:
        _ignore_interrupts()
        _forget_stdout()
        code = INTERRUPTED
    # Python remembers an interrupt of any source text it ran, such as a dataclass's
    # methods, and would end by the signal instead of our code; this resets it.
    exec("")
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command; the exit code."""
    try:
        result: Any = cli.main(arguments, "genesis-chat", standalone_mode=False)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort as error:
        # Click makes the same of Ctrl+C and of an input that has ended.
        if isinstance(error.__context__, EOFError):
            click.echo(err=True)
            _say("Nobody answered, so nothing was done; --yes leaves the question out.")
        return INTERRUPTED
    except KeyboardInterrupt:
        return INTERRUPTED
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        click.echo(sanitize(shown.getvalue()), err=True, nl=False)
        return error.exit_code
    except _ReaderGoneError:
        _forget_stdout()
        return 0
    except GenesisChatError as error:
        _say(str(error))
        return error.exit_code
    except Exception as error:
        if os.environ.get("GENESIS_CHAT_DEBUG"):
            raise
        if isinstance(error, OSError) and error.strerror:
            where = f"{error.filename}: " if error.filename else ""
            _say(f"{where}{error.strerror}.")
            return 1
        _say(
            f"Unexpected {type(error).__name__}: {error} "
            "(set GENESIS_CHAT_DEBUG=1 to see where)"
        )
        return 1
    return result if isinstance(result, int) else 0


def _ignore_interrupts() -> None:
    """At the end an impatient Ctrl-C could only bring a traceback."""
    while signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        with suppress(KeyboardInterrupt):
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def _tell_unraisable(unraisable: "sys.UnraisableHookArgs") -> None:
    """Python's own report, except for an interrupt that fell into a callback.

    Such a Ctrl-C, inside a weak reference's callback for one, cannot be raised; the
    one before it is still being obeyed.
    """
    if unraisable.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(unraisable)


def _prepare_streams() -> None:
    """Make every text readable and writable; a closed stream stands for nothing."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _say(message: str) -> None:
    click.echo(f"Error: {sanitize(message)}", err=True)


def _flush_stdout() -> None:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()


def _forget_stdout() -> None:
    """Point stdout elsewhere, so that closing it says nothing."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
