"""Reading a file of conversations: all of it, or none."""

import re
import stat
from collections.abc import Callable
from pathlib import Path

from ...errors import HistoryError, UsageError
from ..records import NewConversation
from . import chatgpt, markdown, native
from .checked import Refused

FORMATS = ("json", "jsonl", "markdown", "chatgpt")
# Six times the file's size is needed while it is read.
LARGEST_FILE = 128 * 2**20

_BLANK = re.compile(r"\s*")
# Inside a text the closing quotation mark would have a backslash before it.
_KEY = re.compile(r'"(conversations|messages|mapping)"\s*:')
_BY_KEY = {"conversations": "json", "messages": "jsonl", "mapping": "chatgpt"}


def read_import(
    path: Path,
    format: str | None = None,
    *,
    note: Callable[[str], None] = lambda text: None,
) -> list[NewConversation]:
    """The conversations of a file, for `Store.insert`, which adds all or none.

    `format` is one of `FORMATS`, or None to see from the content. `note` is told
    sentences about what was left out. Raises `HistoryError` for a file that cannot
    be read in full, `UsageError` for an unknown format.
    """
    if format is not None and format not in FORMATS:
        raise UsageError(
            f"There is no format {format!r}; choose one of {', '.join(FORMATS)}."
        )
    try:
        text = _text(path)
        match format or _detected(text):
            case "json":
                return native.read_json(text, note)
            case "jsonl":
                return native.read_jsonl(text, note)
            case "markdown":
                return markdown.read(text)
            case _:
                return chatgpt.read(text, note)
    except Refused as reason:
        raise HistoryError(
            f"{path} cannot be imported, since {reason}; {reason.advice}."
        ) from reason


def _text(path: Path) -> str:
    try:
        status = path.stat()
        # Opening a pipe would wait until someone writes to it.
        if not stat.S_ISREG(status.st_mode):
            raise Refused("it is not a regular file", "give the path of a file")
        if status.st_size > LARGEST_FILE:
            raise Refused(
                f"it has {status.st_size:,} bytes, more than the {LARGEST_FILE:,} that "
                "can be read",
                "divide it into several files",
            )
        with path.open("rb") as file:
            data = file.read(status.st_size)
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(
            f"byte {error.start:,} of it is not UTF-8", "save it as UTF-8 text"
        ) from None
    except (OSError, ValueError) as error:
        # A path with a NUL is a value error.
        reason = getattr(error, "strerror", None) or error
        raise Refused(f"it cannot be read ({reason})", "give the path of a file") from (
            error
        )


def _detected(text: str) -> str:
    blank = _BLANK.match(text)
    start = text[blank.end() : blank.end() + 1] if blank else ""
    if not start:
        raise Refused("it is empty")
    if start == "[":
        return "chatgpt"
    if start == "{" and (key := _KEY.search(text)):
        return _BY_KEY[key[1]]
    if markdown.MARK.search(text):
        return "markdown"
    raise Refused(
        "it is in none of the formats that are known: JSON, JSON Lines and Markdown "
        "as exported here, and ChatGPT's conversations.json",
        "name the format if it is one of them",
    )
