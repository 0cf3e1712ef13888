"""The sha256 of what is read and written."""

import hashlib
from collections.abc import Callable
from typing import BinaryIO

BLOCK_BYTES = 1 << 20


def sha256(file: BinaryIO, report: Callable[[int], None]) -> tuple[int, str]:
    """Bytes and hexadecimal sha256 of an open file, from where it stands.

    `report` gets the bytes read so far. Raises `OSError`.
    """
    digest = hashlib.sha256()
    count = 0
    while block := file.read(BLOCK_BYTES):
        digest.update(block)
        count += len(block)
        report(count)
    return count, digest.hexdigest()
