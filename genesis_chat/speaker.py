"""What a model is called where it speaks."""

import re
from typing import Protocol

# Sizes, quantisations and variants, which a name goes on with.
_VARIANT = re.compile(
    r"\d+(\.\d+)?[bmk]|\d+x\d+b|a\d+(\.\d+)?b|e\d+b|\d+bits?|(q|int|fp|bf)\d+.*|"
    r"instruct|chat|it|base|preview|mlx|gguf|dwq|mxfp4|\d{4}",
    re.IGNORECASE,
)
# Every model of the family is called that, however it is installed.
GENESIS = "Genesis"
_GENESIS = re.compile(r"builtin$|genesis\b", re.IGNORECASE)
# What stands there when nobody noted the model.
_SOMEBODY = "Reply"


class Loaded(Protocol):
    """A model that is loaded: what it is installed as, and what it is called."""

    @property
    def name(self) -> str: ...
    @property
    def speaker(self) -> str: ...


def speaker_of(name: str) -> str:
    """A model's short name: `mlx-community/Llama-3.2-3B-Instruct-4bit` is Llama-3.2."""
    # A branch, a tag or a commit may follow it, which may have slashes too.
    name = name.partition("@")[0] or name
    name = name.rstrip("/").rpartition("/")[2]
    if _GENESIS.match(name):
        return GENESIS
    for word in re.finditer(r"[^-_\s]+", name):
        if word.start() and _VARIANT.fullmatch(word[0]):
            return name[: word.start()].rstrip("-_ ")
    return name


def speaker_of_reply(model: str | None, loaded: Loaded | None = None) -> str:
    """What is said to have written a stored reply.

    `model` is the name in its receipt, None without one; a model that is `loaded`
    knows better what it is called.
    """
    if not model:
        return _SOMEBODY
    if loaded and loaded.speaker and model == loaded.name:
        return loaded.speaker
    return speaker_of(model).strip() or _SOMEBODY
