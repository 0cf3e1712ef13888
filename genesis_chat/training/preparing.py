"""Data as a model is trained on it, and as it is asked."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from backends.mlx_training import Example
from converters import ConversionError, load_tokenizer

from ..conversation import DEFAULT_SYSTEM_PROMPT
from ..engine.prompt import encode_raw, open_format
from ..errors import ModelError, UsageError
from ..models import InstalledModel
from ..text import counted
from .data import Data, Encoded, Sample, Split, encode_samples
from .questions import Question

PURPOSES: dict[Split, str] = {
    "train": "training",
    "valid": "validation",
    "test": "the test",
}
# So many places of samples that nothing is left of are named.
MOST_NAMED = 5


@dataclass(frozen=True)
class Prepared:
    """What is trained on, by split, and what is asked before and after.

    `summary` says in sentences what was found.
    """

    splits: dict[str, Sequence[Example]]
    questions: Sequence[Question]
    summary: Sequence[str]


def prepare_data(data: Data, base: InstalledModel, max_length: int) -> Prepared:
    """Write data as token ids in a model's own chat form.

    Conversations without a system prompt get the one that chats have. Raises
    `ModelError` when the model's tokenizer or template fails, and `UsageError` when
    nothing is left to train on.
    """
    try:
        tokenizer = load_tokenizer(base.directory)
    except ConversionError as error:
        raise ModelError(str(error)) from error

    def encode(text: str) -> list[int]:
        return encode_raw(tokenizer, text)

    notes = list(data.notices)
    found: dict[Split, Encoded] = {}
    with closing(open_format(tokenizer, base.name)()) as form:
        for split, samples in data.splits.items():
            found[split] = encode_samples(
                samples, form, encode, max_length, DEFAULT_SYSTEM_PROMPT
            )
            notes += _told(split, found[split], max_length)
    training = found["train"]
    if not training.examples:
        raise UsageError(
            f"Nothing is left to train on within {max_length:,} tokens; give shorter "
            "samples or a larger --max-length."
        )
    counts = ", ".join(
        f"{len(found[split].examples):,} for {purpose}"
        for split, purpose in PURPOSES.items()
        if found[split].examples
    )
    learnt = sum(int(each.targets.sum()) for each in training.examples)
    longest = max(each.longest for each in found.values())
    about = (
        f"Examples: {counts}. {training.tokens:,} tokens to train on, of which "
        f"{learnt:,} are to be learned; the longest example has {longest:,}."
    )
    asked = (question_of(each, encode) for each in found["test"].samples)
    return Prepared(
        {split: each.examples for split, each in found.items()},
        [question for question in asked if question],
        [about, *notes],
    )


def question_of(
    sample: Sample, encode: Callable[[str], Sequence[int]]
) -> Question | None:
    """What asks for a sample's last reply; None of a text."""
    if sample.text is not None:
        return None
    system = DEFAULT_SYSTEM_PROMPT
    if sample.messages[0].role == "system":
        system = sample.messages[0].content
    said = [each.content for each in sample.messages if each.role != "system"]
    *before, question, expected = said
    pairs = tuple(zip(before[::2], before[1::2], strict=True))
    return Question(question, expected, len(encode(expected)), system, pairs)


def _told(split: Split, encoded: Encoded, max_length: int) -> list[str]:
    """Sentences about samples of a split that were cut or left out."""
    found = []
    if encoded.cut:
        found.append(
            f"{counted(encoded.cut, 'example')} for {PURPOSES[split]} cut to "
            f"{max_length:,} tokens: {counted(encoded.cut_tokens, 'token')} less in "
            "all."
        )
    if encoded.left_out:
        count = len(encoded.left_out)
        places = ", ".join(encoded.left_out[:MOST_NAMED])
        more = " and more" if count > MOST_NAMED else ""
        found.append(
            f"{counted(count, 'example')} left out, since nothing to learn is within "
            f"{max_length:,} tokens: {places}{more}."
        )
    return found
