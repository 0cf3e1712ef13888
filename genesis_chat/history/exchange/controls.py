"""Control characters that stand raw in JSON's texts: what hand-made files have."""

import json
import re

# Within a line, and to its end where no quotation mark ends it.
_TEXT = re.compile(r'"[^"\\\n]*(?:\\.[^"\\\n]*)*("?)')
_CONTROL = re.compile(r"[\0-\t\x0b-\x1f]")


def is_one(error: json.JSONDecodeError) -> bool:
    """Whether all that is wrong is such a character, and no line that ends."""
    control = error.msg.startswith("Invalid control character")
    return control and error.doc[error.pos] != "\n"


def escaped(text: str) -> str:
    """JSON, from the start of a value on, with those as escapes that `json` reads."""
    return _TEXT.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    whole: str = found[0]
    if not found[1]:
        return whole
    return _CONTROL.sub(lambda sign: f"\\u{ord(sign[0]):04x}", whole)
