"""`genesis-chat history`: manage saved conversations."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from ..errors import HistoryError
from ..paths import user_path
from ..text import counted, sanitize
from .conversation import open_history
from .exchange import export_command, import_command
from .numbers import WholeNumber
from .show import kept_thought, notice

if TYPE_CHECKING:
    from ..history import Conversation, StoredMessage

SHORTEST_ID = 10
# Where a row of a list has one; imported ones may be of any length.
LONGEST_TITLE = 200
AS_JSON = click.option("--json", "json_output", is_flag=True, help="Print JSON.")


@click.group()
def history() -> None:
    """Manage saved conversations."""


history.add_command(export_command)
history.add_command(import_command)


@history.command("list")
@click.option("--deleted", is_flag=True, help="List the trash.")
@click.option("-l", "--limit", type=WholeNumber(min=1), help="Show at most this many.")
@AS_JSON
def list_command(deleted: bool, limit: int | None, json_output: bool) -> int:
    """List conversations, most recent first."""
    with open_history() as store:
        found = store.conversations(deleted=deleted, limit=limit)
    if json_output:
        click.echo(json.dumps([asdict(conversation) for conversation in found]))
        return 0
    length = _shown_length([conversation.id for conversation in found])
    for conversation in found:
        _line(conversation, length)
    return 0


@history.command()
@click.argument("id", required=False)
@click.option(
    "--tree", is_flag=True, help="Show every branch, not only the current one."
)
@click.option("--thoughts", is_flag=True, help="Show what the model thought, too.")
@AS_JSON
def show(id: str | None, tree: bool, thoughts: bool, json_output: bool) -> int:
    """Show a conversation, the most recent by default."""
    with open_history() as store:
        found = store.latest() if id is None else store.find(id)
        if found is None:
            raise HistoryError("No conversations yet. Start one with `genesis-chat`.")
        messages = store.messages(found.id) if tree else store.branch(found.id)
    if json_output:
        facts = {**asdict(found), "branch": [asdict(message) for message in messages]}
        click.echo(json.dumps(facts))
        return 0
    click.echo(sanitize(f"{found.title or '(no title)'}  [{found.id}]"))
    if found.system:
        click.echo(sanitize(f"system: {found.system}"))
    for message in messages:
        thought = kept_thought(message, None if thoughts else "--thoughts")
        click.echo(sanitize(f"\n{_heading(message)}\n{thought}{message.content}"))
    return 0


@history.command()
@click.argument("text", nargs=-1, required=True)
@click.option(
    "-l",
    "--limit",
    type=WholeNumber(min=1),
    default=20,
    show_default=True,
    help="Show at most this many.",
)
@AS_JSON
def search(text: tuple[str, ...], limit: int, json_output: bool) -> int:
    """Find messages containing all the given words."""
    with open_history() as store:
        hits = store.search(" ".join(text), limit=limit)
    if json_output:
        click.echo(json.dumps([asdict(hit) for hit in hits]))
        return 0
    length = _shown_length([hit.conversation.id for hit in hits])
    for hit in hits:
        _line(hit.conversation, length)
        snippet = " ".join(hit.snippet.split())
        click.echo(sanitize(f"    {_speaker(hit.message)}: {snippet}"))
    if not hits:
        notice("No matches.")
    return 0


@history.command()
@click.argument("id")
@click.argument("title", nargs=-1, required=True)
def rename(id: str, title: tuple[str, ...]) -> int:
    """Rename a conversation."""
    with open_history() as store:
        store.rename(store.find(id).id, " ".join(title))
    return 0


@history.command()
@click.argument("id")
def delete(id: str) -> int:
    """Move a conversation to the trash (undo with `restore`)."""
    with open_history() as store:
        found = store.find(id)
        store.delete(found.id)
    notice(
        f"Moved {found.title or found.id} to the trash. Undo with: "
        f"genesis-chat history restore {found.id}"
    )
    return 0


@history.command()
@click.argument("id")
def restore(id: str) -> int:
    """Restore a conversation from the trash."""
    with open_history() as store:
        store.restore(store.find(id, deleted=True).id)
    return 0


@history.command()
@click.option("-y", "--yes", is_flag=True, help="Skip confirmation.")
def purge(yes: bool) -> int:
    """Permanently delete everything in the trash."""
    import shutil

    from ..paths import SNAPSHOTS

    with open_history() as store:
        count = len(store.conversations(deleted=True))
        if count and not yes:
            question = f"Permanently delete {counted(count, 'conversation')}?"
            click.confirm(question, abort=True, err=True)
        count = store.purge(2**62)
        # Which states are theirs cannot be told; the others are only read again.
        shutil.rmtree(store.path.with_name(SNAPSHOTS), ignore_errors=True)
    notice(f"Permanently deleted {counted(count, 'conversation')}.")
    return 0


@history.command("path")
def path_command() -> int:
    """Print the path of the history file."""
    with open_history() as store:
        click.echo(str(store.path))
    return 0


@history.command()
@AS_JSON
def check(json_output: bool) -> int:
    """Verify the database and every message."""
    with open_history() as store:
        problems = store.check()
        count = store.stats()["messages"]
    if json_output:
        click.echo(json.dumps({"messages": count, "problems": problems}))
    for problem in problems:
        notice(problem)
    if problems:
        raise HistoryError(
            f"Found {counted(len(problems), 'problem')}. Back up first: "
            "genesis-chat history backup FILE"
        )
    notice(f"History OK: {counted(count, 'message')} verified.")
    return 0


@history.command()
@click.argument("file", type=click.Path())
def backup(file: str) -> int:
    """Copy the whole history to a new file (safe while in use)."""
    with open_history() as store:
        store.backup(user_path(file).absolute())
    notice(f"Copied the history to {file}.")
    return 0


@history.command()
@AS_JSON
def stats(json_output: bool) -> int:
    """Show counts, size and database details."""
    with open_history() as store:
        facts = store.stats()
    if json_output:
        click.echo(json.dumps(facts))
        return 0
    for key, value in facts.items():
        shown: Any = f"{value:,}" if isinstance(value, int) else value
        click.echo(sanitize(f"{key.replace('_', ' '):<14} {shown}"))
    return 0


def _shown_length(ids: list[str]) -> int:
    """How much of the ids tells them apart: those of one moment begin alike."""
    different = set(ids)
    length = SHORTEST_ID
    while len({id[:length] for id in different}) < len(different):
        length += 1
    return length


def _line(conversation: "Conversation", length: int) -> None:
    title = " ".join(conversation.title.split()) or "(no title)"
    if len(title) > LONGEST_TITLE:
        title = f"{title[: LONGEST_TITLE - 1]}…"
    click.echo(
        sanitize(
            f"{conversation.id[:length]}  {_when(conversation.updated)}  "
            f"{conversation.messages:>4}  {title}"
        )
    )


def _heading(message: "StoredMessage") -> str:
    status = "" if message.status == "complete" else f" ({message.status})"
    return f"{_speaker(message)}{status}, {_when(message.created)}:"


def _speaker(message: "StoredMessage") -> str:
    from ..chat.speakers import speaker_of_message

    return " ".join(speaker_of_message(message).split())


def _when(milliseconds: int) -> str:
    """Local time, to the minute."""
    try:
        moment = datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone()
    except (OverflowError, OSError, ValueError):
        return "????-??-?? ??:??"
    return moment.strftime("%Y-%m-%d %H:%M")
