"""From a conversation to token ids, in the form a model was tuned on."""

from .formats import (
    Answered,
    ChatFormat,
    GenesisFormat,
    Layout,
    Lesson,
    Sizes,
    open_format,
)
from .raw import encode_raw

__all__ = [
    "Answered",
    "ChatFormat",
    "GenesisFormat",
    "Layout",
    "Lesson",
    "Sizes",
    "encode_raw",
    "open_format",
]
