"""What people ask chat programs, from the package chatterbot-corpus."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from ..packages import package

# Of its categories, those that neither a subject nor a kind held out is about.
_CATEGORIES = ("coding", "food", "history", "money", "movies", "sports")
_MOST_WORDS = 20


@cache
def questions() -> Sequence[str]:
    """The questions, each once. Raises `PackageMissingError`."""
    folder = files(package("chatterbot_corpus")) / "data" / "english"
    load = package("yaml").safe_load
    found = []
    for category in _CATEGORIES:
        content = load((folder / f"{category}.yml").read_text("utf-8"))
        for first, *_ in content["conversations"]:
            if isinstance(first, str) and 1 < len(first.split()) <= _MOST_WORDS:
                found.append(" ".join(first.split()))
    return tuple(dict.fromkeys(found))
