"""From token ids to text, a whole character at a time."""

import codecs

from converters import Tokenizer


class Detokenizer:
    """Turns a reply's tokens into text as they come.

    Bytes of an unfinished character wait for the rest; bytes that are no UTF-8, and
    NUL, which the history cannot hold, become U+FFFD. Blank lines at the start are
    dropped, and white space at the end is held back until something follows: the
    model writes a newline before its end token.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self._started = False

    def push(self, token: int) -> str:
        """The text that is certain now that this token has come; may be empty."""
        text = self._decoder.decode(self._tokenizer.token_bytes(token))
        return self._release(text.replace("\0", "\ufffd"))

    def flush(self) -> str:
        """The text left at the end; an unfinished character becomes U+FFFD."""
        return self._release(self._decoder.decode(b"", final=True))

    def _release(self, text: str) -> str:
        text = self._held + text
        ready = text.rstrip()
        if ready and not self._started:
            # Only whole blank lines: the first line may be indented.
            start = len(text) - len(text.lstrip())
            start = text.rfind("\n", 0, start) + 1
            text, ready = text[start:], ready[start:]
            self._started = True
        self._held = text[len(ready) :]
        return ready
