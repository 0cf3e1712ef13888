"""What a text with a slash may become: commands, and what may follow them."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ...errors import UsageError
from ...paths import user_path
from ...text import visible_controls
from ..actions import ACTIONS, Action
from ..widgets.completion import Offer

# What may follow a command by its name, each with a word on it.
Arguments = Mapping[str, Callable[[], Iterable[tuple[str, str]]]]
# A list nobody looks through to its end.
MOST = 100


def offers(text: str, arguments: Arguments) -> Sequence[Offer]:
    """What begins with a text."""
    if not text.startswith("/") or "\n" in text:
        return ()
    name, space, rest = text[1:].partition(" ")
    if not space:
        return [
            _command(each, slash)
            for each in ACTIONS
            for slash in each.slash[: None if name else 1]
            if slash.startswith(name)
        ]
    if name == "attach":
        return list(_paths(rest.lstrip()))
    listed = arguments[name]() if name in arguments else ()
    begun = rest.lstrip().lower()
    # What takes a value has its place in the command's usage.
    whole = not any(name in each.slash and " " in each.usage for each in ACTIONS)
    return [
        Offer(f"/{name} {each}{'' if whole else ' '}", each, help, whole)
        for each, help in listed
        if each.lower().startswith(begun)
    ][:MOST]


def _command(action: Action, slash: str) -> Offer:
    whole = not action.usage or action.usage.startswith("[")
    return Offer(f"/{slash} ", f"/{slash} {action.usage}", action.text, whole)


def _paths(begun: str) -> Iterator[Offer]:
    """Files and folders that begin with a path; hidden ones when it asks for them.

    A name that cannot be shown as it is would not be the same once it was accepted.
    """
    folder, name = os.path.split(begun)
    try:
        found = sorted(user_path(folder or ".").iterdir())
    except (OSError, UsageError):
        return
    shown = [
        each
        for each in found
        if each.name.startswith(name)
        and each.name.startswith(".") <= name.startswith(".")
        and visible_controls(each.name) == each.name.replace("\n", "")
    ]
    for each in shown[:MOST]:
        inside = each.is_dir()
        end = "/" if inside else ""
        path = f"/attach {os.path.join(folder, each.name)}{end}"
        yield Offer(path, f"{each.name}{end}", "folder" if inside else "", not inside)
