"""What a terminal sends, which need not be UTF-8."""

import sys
from codecs import IncrementalDecoder, getincrementaldecoder
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial


@contextmanager
def any_bytes() -> Iterator[None]:
    """Meanwhile bytes that are no UTF-8 come as U+FFFD; Textual would end by them."""
    if sys.platform == "win32":
        # There characters come from the console.
        yield
        return
    from textual.drivers import linux_driver

    def tolerant(encoding: str) -> partial[IncrementalDecoder]:
        return partial(getincrementaldecoder(encoding), errors="replace")

    linux_driver.getincrementaldecoder = tolerant  # type: ignore[attr-defined,assignment]
    try:
        yield
    finally:
        linux_driver.getincrementaldecoder = getincrementaldecoder  # type: ignore[attr-defined]
