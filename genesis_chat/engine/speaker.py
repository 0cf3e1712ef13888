"""What a model is called where it speaks."""

import re

from .protocol import ModelFacts

GENESIS = "Genesis"
# Sizes, quantisations and variants, which a name goes on with.
_VARIANT = re.compile(
    r"\d+(\.\d+)?[bmk]|\d+x\d+b|a\d+(\.\d+)?b|e\d+b|\d+bits?|(q|int|fp|bf)\d+.*|"
    r"instruct|chat|it|base|preview|mlx|gguf|dwq|mxfp4|\d{4}",
    re.IGNORECASE,
)


def speaker_of(name: str) -> str:
    """A model's short name: `mlx-community/Llama-3.2-3B-Instruct-4bit` is Llama-3.2."""
    name = name.rstrip("/").rpartition("/")[2]
    if name == "builtin" or name.lower().startswith("genesis"):
        return GENESIS
    for word in re.finditer(r"[^-_\s]+", name):
        if word.start() and _VARIANT.fullmatch(word[0]):
            return name[: word.start()].rstrip("-_ ")
    return name


def writer(model: str | None, loaded: ModelFacts | None) -> str:
    """What to call who wrote a reply, by the model's name in its receipt.

    A reply that has none comes from the model that is loaded.
    """
    if loaded and loaded.speaker and model in (None, loaded.name):
        return loaded.speaker
    return GENESIS if model is None else speaker_of(model)
