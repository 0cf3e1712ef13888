"""What training starts from: a checkpoint and its tokenizer, in the released form."""

from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path
from shutil import copyfile

from ...conversation import DEFAULT_SYSTEM_PROMPT
from .initial import initial_weights
from .mixture import Taught, conversations_of, joined
from .plan import Plan
from .tokenizer import train_tokenizer

WEIGHTS, TOKENIZER = "model.safetensors", "tokenizer.model"


def start_from_nothing(
    folder: Path,
    subjects: Sequence[Taught],
    plan: Plan,
) -> None:
    """Write a checkpoint of random weights, and a tokenizer made from the subjects."""
    from converters.released import write_released

    shape, seed = plan.configuration, plan.seed
    texts = (_text(subjects, f"{seed}", n) for n in range(plan.conversations))
    pieces = train_tokenizer(texts, shape["vocab_size"])
    (folder / TOKENIZER).write_bytes(pieces)
    write_released(folder / WEIGHTS, shape, initial_weights(shape, seed))


def start_from_present(folder: Path) -> None:
    """Copy the checkpoint that comes with the program, and its tokenizer."""
    with as_file(files("assets") / "genesis-nano") as source:
        for name in (WEIGHTS, TOKENIZER):
            copyfile(source / name, folder / name)


def _text(subjects: Sequence[Taught], seed: str, index: int) -> str:
    said = joined(conversations_of(subjects, seed, index))
    turns = [f"{message.role}\n{message.content}" for message in said]
    if said[0].role != "system":
        turns.insert(0, f"system\n{DEFAULT_SYSTEM_PROMPT}")
    return "\n".join(turns)
