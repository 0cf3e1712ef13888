"""`history export` and `history import`."""

import io
import sys
from typing import TYPE_CHECKING

import click

from ..errors import HistoryError, UsageError
from ..paths import user_path
from ..text import sanitize
from .conversation import open_history
from .show import notice

if TYPE_CHECKING:
    from ..history import Store
    from ..history.exchange import Exported

EXPORTED = click.Choice(["markdown", "json", "jsonl"])
IMPORTED = click.Choice(["markdown", "json", "jsonl", "chatgpt"])


@click.command("export")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "every", is_flag=True, help="Every conversation.")
@click.option("--format", "form", type=EXPORTED, default="markdown", show_default=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(),
    help="Write to a new file instead of standard output.",
)
def export_command(
    ids: tuple[str, ...], every: bool, form: str, output: str | None
) -> int:
    """Write conversations, by default the one changed last.

    JSON and JSON Lines hold every branch and can be imported again as they were;
    Markdown holds the branch that is shown. On a terminal control characters are
    made visible; elsewhere everything is as it was stored.
    """
    if ids and every:
        raise UsageError("--all and conversation ids exclude each other.")
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
    notice(f"{len(chosen)} conversations were written to {output}.")
    return 0


@click.command("import")
@click.argument("file", type=click.Path())
@click.option("--format", "form", type=IMPORTED, help="Default: seen from the content.")
def import_command(file: str, form: str | None) -> int:
    """Add the conversations of a file: all of them or, if one is damaged, none.

    It reads what `history export` writes, and ChatGPT's conversations.json.
    """
    from ..history.exchange import read_import

    found = read_import(user_path(file), form, note=notice)
    with open_history() as store:
        added = store.insert(found)
    messages = sum(conversation.messages for conversation in added)
    notice(f"{len(added)} conversations with {messages} messages were imported.")
    return 0


def _chosen(store: "Store", ids: tuple[str, ...], every: bool) -> list["Exported"]:
    if every:
        # The oldest first: importing makes the last one the latest again.
        found = store.conversations()[::-1]
    elif ids:
        found = [store.find(id) for id in ids]
    else:
        latest = store.latest()
        if latest is None:
            raise HistoryError("There is no conversation yet.")
        found = [latest]
    return [(conversation, store.messages(conversation.id)) for conversation in found]
