"""Text files in a message."""

import asyncio
from collections.abc import Callable

from ...errors import UsageError
from ...paths import user_path
from ...text_files import TextFileError, read_text

# More would not fit any context.
LARGEST_ATTACHMENT = 1 << 20
COMMAND = "/attach "


async def read_attachment(path: str, tell: Callable[[str], object]) -> str:
    """A text file's content; `tell` is told of what is odd about it.

    Raises `UsageError` when there is none.
    """
    try:
        found = await asyncio.to_thread(
            read_text, user_path(path), LARGEST_ATTACHMENT, regular=True
        )
    except TextFileError as error:
        raise UsageError(f"{path} {error}.") from error
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}. Choose another file."
        ) from error
    if problem := found.problem(path):
        tell(problem)
    return found.text
