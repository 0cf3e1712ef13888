"""Data to train on, read and checked."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from ...errors import UsageError
from ...text import counted
from .files import find_files
from .forms import EXPECTED, sample_of
from .sample import SPLITS, BadLineError, Sample, Samples, Split
from .splitting import split
from .values import open_file, read_values

INPUT = "standard input"
# So many bad lines are told one by one.
SHOWN = 20


@dataclass(frozen=True)
class BadLine:
    """Where a line is that cannot be learnt from, why, and what was expected."""

    place: str
    reason: str
    expected: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}; expected {self.expected}."


class BadLines:
    """Those of all files: the first are kept, all are counted."""

    def __init__(self) -> None:
        self._first: list[BadLine] = []
        self._count = 0

    def add(self, place: str, error: BadLineError) -> None:
        """One more."""
        self._count += 1
        if len(self._first) < SHOWN:
            self._first.append(BadLine(place, str(error), error.expected))

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[BadLine]:
        return iter(self._first)

    def sentences(self) -> list[str]:
        """One for each of the first, and one for the others."""
        found = [str(each) for each in self._first]
        if more := self._count - len(found):
            found.append(f"... and {counted(more, 'more line')}.")
        return found


@dataclass(frozen=True)
class Data:
    """Samples by what they are for, and what was found while they were read.

    `bad` lines are in none of them. `repeated` counts samples that are there twice in
    a split, `shared` those of two splits, which only the one that is not learnt from
    has kept. `divided` is whether splits were made here. `notes` are sentences about
    what was read otherwise than it is.
    """

    splits: Mapping[Split, Sequence[Sample]]
    bad: BadLines = field(default_factory=BadLines)
    repeated: int = 0
    shared: int = 0
    divided: bool = False
    sources: Sequence[str] = ()
    notes: Sequence[str] = ()

    @cached_property
    def sha256(self) -> str:
        """Of all samples by split, whatever their order and the form they were in."""
        whole = hashlib.sha256()
        for name in SPLITS:
            contents = (sample.canonical for sample in self.splits[name])
            digests = sorted(hashlib.sha256(each).digest() for each in contents)
            whole.update(f"{name} {len(digests)}\n".encode())
            for digest in digests:
                whole.update(digest)
        return whole.hexdigest()

    @property
    def notices(self) -> list[str]:
        """Sentences about what a person may not expect."""
        found = [*self.bad.sentences(), *self.notes]
        if self.repeated:
            found.append(
                f"{counted(self.repeated, 'sample')} that came twice counted once."
            )
        if self.shared:
            found.append(
                f"{counted(self.shared, 'sample')} also for validation or the test "
                "left out of what is learnt from."
            )
        return found


def read_data(path: Path, *, seed: int = 0, stdin: BinaryIO | None = None) -> Data:
    """Read a file, a folder with `train`, `valid` and `test`, or `-`.

    One file is divided: a tenth of it for validation and a tenth for the test, at most
    500 each, chosen by content. Raises `UsageError` when nothing can be read.
    """
    read: dict[Split, Sequence[Sample]] = {}
    bad, notes, sources = BadLines(), list[str](), list[str]()
    if str(path) == "-":
        if stdin is None:
            raise UsageError("There is nothing on standard input; give a file.")
        read["train"] = found = Samples()
        _read(stdin, INPUT, found, bad, notes)
        return _data(read, seed, bad, notes, [INPUT])
    for part, files in find_files(path).items():
        read[part] = found = Samples()
        for file in files:
            with closing(open_file(file)) as stream:
                _read(stream, str(file), found, bad, notes)
            sources.append(str(file))
    return _data(read, seed, bad, notes, sources)


def divided(samples: Sequence[Sample], source: str, *, seed: int = 0) -> Data:
    """Samples from elsewhere, such as the history, in three parts."""
    return _data({"train": samples}, seed, BadLines(), [], [source])


def _read(
    stream: BinaryIO, name: str, samples: Samples, bad: BadLines, notes: list[str]
) -> None:
    for each in read_values(stream, name, notes.append):
        place = f"{name}, {each.place}"
        try:
            if each.flaw is not None:
                raise each.flaw
            samples.append(sample_of(each.value, place))
        except BadLineError as error:
            bad.add(place, error)


def _data(
    read: Mapping[Split, Sequence[Sample]],
    seed: int,
    bad: BadLines,
    notes: Sequence[str],
    sources: Sequence[str],
) -> Data:
    if not len(read["train"]):
        lines = "".join(f"\n  {each}" for each in bad.sentences())
        raise UsageError(
            f"{sources[0]} has nothing to learn from; each line must be {EXPECTED}"
            f"{':' if lines else '.'}{lines}"
        )
    found = split(read, seed)
    if not len(found.samples["train"]):
        raise UsageError(
            f"{sources[0]} has nothing to train on: all of it is for validation or the "
            "test too."
        )
    return Data(
        found.samples, bad, found.repeated, found.shared, found.divided, sources, notes
    )
