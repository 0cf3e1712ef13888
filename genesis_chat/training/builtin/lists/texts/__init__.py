"""Lists that are data more than program: a line for each entry."""

from functools import cache
from importlib.resources import files


@cache
def entries(name: str) -> tuple[tuple[str, ...], ...]:
    """A list's entries, each with its parts, which `|` stands between."""
    text = (files(__package__) / f"{name}.txt").read_text("utf-8")
    kept = (line for line in text.splitlines() if line and line[0] != "#")
    return tuple(tuple(part.strip() for part in line.split("|")) for line in kept)


def named(name: str) -> dict[str, str]:
    """A list whose entries have two parts: the second by the first."""
    return {first: second for first, second in entries(name)}
