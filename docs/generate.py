"""Fill the generated parts of the documentation from the program: `make docs`.

A part stands in its page between `<!-- generated: NAME -->` and `<!-- end of NAME -->`;
`PARTS` says what makes it. With `--check` nothing is written: the exit code is 1 and
the pages are named that are not as they would be made.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import click

from backends.mlx_family.support import SUPPORTED
from backends.registry import ENTRIES
from genesis_chat.cli.main import cli
from genesis_chat.config import KEYS, Config
from genesis_chat.tui.actions import ACTIONS, key_name

FOLDER = Path(__file__).parent
PART = re.compile(
    r"(<!-- generated: (?P<name>[a-z-]+) -->\n).*?(<!-- end of (?P=name) -->)", re.S
)
PLACES = {
    "application": "Everywhere",
    "chat": "In a chat",
    "composer": "While writing",
    "message": "On a selected message",
    "list": "On a chat in the list",
    "dialog": "In dialogs",
}
COMMAND = "genesis-chat"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """The lines of a table in Markdown; a bar inside a cell is escaped."""
    head = list(head)
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        cells = (cell.replace("|", "\\|").replace("\n", " ") for cell in row)
        yield f"| {' | '.join(cells)} |"


def keys() -> Iterator[str]:
    """The keys of the interface, by where they work."""
    for where, place in PLACES.items():
        rows = (
            (", ".join(code(key_name(key)) for key in a.keys), a.text, code(a.id))
            for a in ACTIONS
            if a.where == where and a.keys and not a.spare
        )
        yield f"### {place}\n"
        yield from table(("Key", "What it does", "Name in the settings"), rows)
        yield ""


def slash_commands() -> Iterator[str]:
    """What can be typed after a slash."""
    rows = (
        (", ".join(code(f"/{name} {a.usage}".strip()) for name in a.slash), a.text)
        for a in ACTIONS
        if a.slash
    )
    yield from table(("Command", "What it does"), rows)


def commands() -> Iterator[str]:
    """Every command with its help, arguments and options."""
    with click.Context(cli, info_name=COMMAND, **cli.context_settings) as context:
        for name, command in sorted(cli.commands.items()):
            yield from described(command, f"{COMMAND} {name}", context)


def described(
    command: click.Command, name: str, parent: click.Context
) -> Iterator[str]:
    """A command and those below it."""
    if command.hidden:
        return
    context = click.Context(command, parent, name.rsplit(" ", 1)[-1])
    level = "##" if name.count(" ") == 1 else "###"
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"{level} {name}\n"
    yield f"```text\n{name} {usage}\n```\n"
    yield f"{paragraphs(command.help or '')}\n"
    records = [
        record
        for each in command.get_params(context)
        if isinstance(each, click.Option) and (record := each.get_help_record(context))
    ]
    if records:
        rows = ((code(option), said) for option, said in records)
        yield from table(("Option", ""), rows)
        yield ""
    if isinstance(command, click.Group):
        for key, each in sorted(command.commands.items()):
            yield from described(each, f"{name} {key}", context)


def paragraphs(text: str) -> str:
    """A docstring's paragraphs, each on one line."""
    return "\n\n".join(" ".join(each.split()) for each in text.split("\n\n"))


def settings() -> Iterator[str]:
    """What the settings file may say."""
    defaults = Config()
    rows = []
    for name, key in KEYS.items():
        value = getattr(defaults, name)
        choices = f"; one of {', '.join(key.choices)}" if key.choices else ""
        rows.append((code(name), f"{key.help}{choices}", code(key.text(value))))
    yield from table(("Setting", "Meaning", "Default"), rows)


def families() -> Iterator[str]:
    """What runs where."""
    rows = []
    for entry in ENTRIES:
        kinds = ", ".join(code(each) for each in sorted(entry.model_types))
        if not kinds:
            kinds = f"{len(SUPPORTED)} families of mlx-lm, below; others as best effort"
        dtypes = ", ".join(entry.dtypes)
        rows.append((kinds, code(entry.name), dtypes, code(entry.module)))
    yield from table(("`model_type`", "Backend", "Computes in", "Code"), rows)
    names = ", ".join(map(code, sorted(SUPPORTED, key=str.lower)))
    yield f"\nSupported through mlx-lm: {names}."


def code(text: str | None) -> str:
    """A text as code; nothing stays nothing."""
    return f"`{text}`" if text else ""


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "keys": keys,
    "slash-commands": slash_commands,
    "commands": commands,
    "settings": settings,
    "families": families,
}


def filled(page: str) -> str:
    """A page's text with its generated parts made anew."""

    def made(found: re.Match[str]) -> str:
        lines = "\n".join(PARTS[found["name"]]()).strip()
        return f"{found[1]}\n{lines}\n\n{found[3]}"

    return PART.sub(made, page)


def stale() -> list[Path]:
    """The pages whose generated parts are not what the program says now."""
    pages = sorted(FOLDER.glob("*.md"))
    return [page for page in pages if filled(text := page.read_text("utf-8")) != text]


def main() -> int:
    """Write the pages, or only name those that are out of date."""
    found = stale()
    for page in found:
        if "--check" not in sys.argv[1:]:
            page.write_text(filled(page.read_text("utf-8")), "utf-8")
        print(page)
    return int(bool(found) and "--check" in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
