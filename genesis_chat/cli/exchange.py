"""`history export` and `history import`."""

import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

from ..errors import HistoryError, UsageError
from ..paths import user_path
from ..text import counted, sanitize
from .conversation import open_history
from .input import Waiting, stdin_bytes
from .show import notice

if TYPE_CHECKING:
    from ..history import Store
    from ..history.exchange import Exported, Imported, Source

EXPORTED = click.Choice(["markdown", "json", "jsonl"])
IMPORTED = click.Choice(
    [
        *("markdown", "json", "jsonl"),
        *("chatgpt", "claude", "open-webui", "librechat", "plain"),
    ]
)
# Smaller files are read before a bar could be seen.
SMALL = 2**22
MOST_NAMED = 5


@click.command("export")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "every", is_flag=True, help="Export every conversation.")
@click.option(
    "--format",
    "form",
    type=EXPORTED,
    default="markdown",
    show_default=True,
    help="What to write.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(),
    help="Write to a new file instead of standard output.",
)
def export_command(
    ids: tuple[str, ...], every: bool, form: str, output: str | None
) -> int:
    """Export conversations, the most recent one by default.

    JSON and JSON Lines hold every branch and can be imported again unchanged;
    Markdown holds the current branch only. On a terminal, control characters are
    made visible; in files and pipes everything is exactly as stored.
    """
    if ids and every:
        raise UsageError("--all and conversation ids cannot be used together.")
    from ..history.exchange import write, write_file

    with open_history() as store:
        chosen = _chosen(store, ids, every)
        if output is None:
            if sys.stdout.isatty():
                shown = io.StringIO()
                write(chosen, form, shown)
                click.echo(sanitize(shown.getvalue()), nl=False)
                return 0
            # Files are UTF-8 and keep their line ends, wherever they go.
            stream = open(  # noqa: SIM115 - stdout stays open
                sys.stdout.fileno(), "w", encoding="utf-8", newline="", closefd=False
            )
            write(chosen, form, stream)
            stream.flush()
            return 0
        write_file(chosen, form, user_path(output))
    notice(f"Exported {counted(len(chosen), 'conversation')} to {output}.")
    return 0


@click.command("import")
@click.argument("files", type=click.Path(allow_dash=True), nargs=-1, required=True)
@click.option(
    "--format", "form", type=IMPORTED, help="Default: detected from the content."
)
@click.option(
    "--again", is_flag=True, help="Import conversations that are there already, too."
)
def import_command(files: tuple[str, ...], form: str | None, again: bool) -> int:
    """Import conversations from files, zip files or folders.

    Reads what `history export` writes (all of a file or, if it is damaged, nothing);
    the exports of ChatGPT, Claude, Open WebUI and LibreChat; and lists of messages
    with role and content, as JSON or JSON Lines. From these, everything readable is
    imported and the rest is reported. `-` reads standard input.

    Conversations that are there already are skipped, and those that have grown get
    their new messages.
    """
    from ..history.exchange import Imported, bring_in

    imported = Imported()
    try:
        with ExitStack() as stack:
            sources = _sources(files, imported, stack)
            store = stack.enter_context(open_history())
            progress = stack.enter_context(_bar(sum(s.size for s in sources)))
            bring_in(
                store, sources, form, again=again, progress=progress, imported=imported
            )
    except KeyboardInterrupt:
        imported.notes.append(
            "Interrupted; run the same command again to import the rest."
        )
        _tell(imported)
        raise
    _tell(imported)
    if imported.failed:
        *others, last = imported.failed
        for sentence in others:
            notice(sentence)
        raise HistoryError(last)
    return 0


def _sources(
    files: Sequence[str], imported: "Imported", stack: ExitStack
) -> list["Source"]:
    from ..history.exchange import sources_in, sources_of_input

    found = []
    for file in files:
        try:
            if file == "-":
                with Waiting("standard input to end") as waiting:
                    opened = sources_of_input(stdin_bytes(), waiting.came)
                    found += stack.enter_context(opened)
            else:
                found += sources_in(user_path(file))
        except HistoryError as error:
            imported.failed.append(str(error))
    return found


@contextmanager
def _bar(size: int) -> Iterator[Callable[[int], None]]:
    """A progress bar, told how many bytes are read; only a terminal shows one."""
    if not sys.stderr.isatty() or size < SMALL:
        yield lambda bytes_read: None
        return
    with click.progressbar(length=size, label="Importing", file=sys.stderr) as bar:
        yield lambda bytes_read: bar.update(min(bytes_read, size) - bar.pos)


def _tell(imported: "Imported") -> None:
    """What came of it."""
    for note in imported.notes:
        notice(note)
    if imported.passed:
        more = len(imported.passed) - MOST_NAMED
        others = f" and {more:,} more" if more > 0 else ""
        names = ", ".join(imported.passed[:MOST_NAMED])
        notice(f"Skipped files without conversations: {names}{others}.")
    merged = imported.merged
    if merged.known:
        many = counted(merged.known, "conversation")
        notice(f"Skipped {many} already in the history (--again imports them anyway).")
    if merged.grown:
        notice(f"Added new messages to {counted(merged.grown, 'conversation')}.")
    if merged.added or merged.grown or not imported.failed:
        notice(
            f"Imported {counted(merged.added, 'conversation')} "
            f"({counted(merged.messages, 'message')})."
        )


def _chosen(store: "Store", ids: tuple[str, ...], every: bool) -> list["Exported"]:
    if every:
        # The oldest first: importing makes the last one the latest again.
        found = store.conversations()[::-1]
    elif ids:
        found = [store.find(id) for id in ids]
    else:
        latest = store.latest()
        if latest is None:
            raise HistoryError("No conversations yet. Start one with `genesis-chat`.")
        found = [latest]
    return [(conversation, store.messages(conversation.id)) for conversation in found]
