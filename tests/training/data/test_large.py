"""Lines of any length and number, in bounded memory."""

import io
import json
import tracemalloc
from collections.abc import Iterator
from typing import BinaryIO, cast

from genesis_chat.training.data.reading import values_of

LINE = json.dumps({"text": "word " * 2_000}).encode() + b"\n"
COUNT = 2_000


class Endless(io.RawIOBase):
    """Twenty megabytes that are nowhere."""

    def __init__(self) -> None:
        self._left = self._lines()

    def _lines(self) -> Iterator[bytes]:
        for _ in range(COUNT):
            yield LINE

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = next(self._left, b"")
        buffer[: len(data)] = data
        return len(data)


def test_a_large_file_takes_no_memory_of_its_size() -> None:
    tracemalloc.start()
    stream = cast(BinaryIO, Endless())
    count = len([None for _ in values_of(stream, "large")])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == COUNT and peak < len(LINE) * COUNT / 2
