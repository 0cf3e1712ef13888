"""Data to train on, read and checked."""

import hashlib
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from ...errors import UsageError
from ...text import counted
from .forms import EXPECTED, sample_of
from .reading import open_data, values_of
from .sample import SPLITS, BadLineError, Sample, Split
from .splitting import split_of, without_repetitions

# Names that files of a folder have, by what they are for.
NAMES: dict[Split, tuple[str, ...]] = {
    "train": ("train", "training"),
    "valid": ("valid", "validation", "val", "dev", "eval"),
    "test": ("test", "testing"),
}
ENDINGS = (".jsonl", ".json", ".ndjson", ".jsonl.gz", ".json.gz")
INPUT = "standard input"
# So many bad lines are told one by one.
SHOWN = 20


@dataclass(frozen=True)
class BadLine:
    """Where a line is that cannot be learnt from, and why."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


@dataclass(frozen=True)
class Data:
    """Samples by what they are for, and what was found while they were read.

    `bad` lines are in none of them. `repeated` counts samples that are there twice in
    a split, `shared` those of two splits, which only the one that is not learnt from
    has kept. `divided` is whether the splits were made here.
    """

    splits: Mapping[Split, Sequence[Sample]]
    bad: Sequence[BadLine] = ()
    repeated: int = 0
    shared: int = 0
    divided: bool = False
    sources: Sequence[str] = field(default=())

    @property
    def sha256(self) -> str:
        """Of all samples, whatever their order."""
        digest = hashlib.sha256()
        for name in SPLITS:
            digest.update(name.encode())
            for each in sorted(sample.digest for sample in self.splits[name]):
                digest.update(each)
        return digest.hexdigest()

    @property
    def notices(self) -> list[str]:
        """Sentences about what a person may not expect."""
        found = [str(each) for each in self.bad[:SHOWN]]
        if len(self.bad) > SHOWN:
            found.append(f"... and {counted(len(self.bad) - SHOWN, 'more line')}.")
        if self.repeated:
            found.append(
                f"{counted(self.repeated, 'sample')} that came twice counted once."
            )
        if self.shared:
            found.append(
                f"{counted(self.shared, 'sample')} also for validation or the test "
                "left out of the training."
            )
        return found


def read_data(path: Path, *, seed: int = 0, stdin: BinaryIO | None = None) -> Data:
    """Read a file, a folder with `train`, `valid` and `test`, or `-`.

    One file is divided: a tenth of it for validation and a tenth for the test, at most
    500 each, chosen by content. Raises `UsageError` when nothing can be read.
    """
    if str(path) == "-":
        if stdin is None:
            raise UsageError("There is nothing on standard input; give a file.")
        return _divided(*_samples(stdin, INPUT), seed, [INPUT])
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{path} cannot be read: {reason}.") from error
    if stat.S_ISDIR(status.st_mode):
        return _of_folder(path, seed)
    if not stat.S_ISREG(status.st_mode):
        raise UsageError(f"{path} is not a regular file; give a file or a folder.")
    with open_data(path) as file:
        return _divided(*_samples(file, str(path)), seed, [str(path)])


def divided(samples: Sequence[Sample], source: str, *, seed: int = 0) -> Data:
    """Samples from elsewhere, such as the history, in three parts."""
    return _divided(list(samples), [], seed, [source])


def _of_folder(folder: Path, seed: int) -> Data:
    splits: dict[Split, list[Sample]] = {name: [] for name in SPLITS}
    bad: list[BadLine] = []
    sources = []
    for split, file in _files(folder):
        with open_data(file) as stream:
            samples, wrong = _samples(stream, str(file))
        splits[split] += samples
        bad += wrong
        sources.append(str(file))
    if not splits["train"]:
        raise _nothing(str(folder), bad)
    if not splits["valid"] and not splits["test"]:
        return _divided(splits["train"], bad, seed, sources)
    kept, counts = without_repetitions(splits)
    repeated, shared = counts
    return Data(kept, bad, repeated, shared, sources=sources)


def _files(folder: Path) -> Iterator[tuple[Split, Path]]:
    found = {file.name.lower(): file for file in sorted(folder.iterdir())}
    none = True
    for split, names in NAMES.items():
        for name in names:
            for ending in ENDINGS:
                if file := found.get(f"{name}{ending}"):
                    none = False
                    yield split, file
    if none:
        raise UsageError(
            f"{folder} has no train.jsonl, valid.jsonl or test.jsonl; name the files "
            "so, or give one file."
        )


def _samples(stream: BinaryIO, name: str) -> tuple[list[Sample], list[BadLine]]:
    samples, bad = [], []
    for place, value in values_of(stream, name):
        try:
            if isinstance(value, BadLineError):
                raise value
            samples.append(sample_of(value, place))
        except BadLineError as reason:
            bad.append(BadLine(place, str(reason)))
    return samples, bad


def _divided(
    samples: list[Sample], bad: Sequence[BadLine], seed: int, sources: Sequence[str]
) -> Data:
    if not samples:
        raise _nothing(sources[0], bad)
    once, (repeated, _) = without_repetitions({"train": samples})
    splits = split_of(once["train"], seed)
    return Data(splits, bad, repeated, divided=True, sources=sources)


def _nothing(name: str, bad: Iterable[BadLine]) -> UsageError:
    first: Any = next(iter(bad), None)
    why = f" ({first})" if first else ""
    return UsageError(
        f"{name} has nothing to learn from{why}; each line must be a JSON object with "
        f"{EXPECTED}."
    )
