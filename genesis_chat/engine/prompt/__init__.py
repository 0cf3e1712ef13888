"""From a conversation to token ids, in the form a model was tuned on."""

from .formats import ChatFormat, GenesisFormat, Layout, Sizes, open_format
from .raw import encode_raw

__all__ = [
    "ChatFormat",
    "GenesisFormat",
    "Layout",
    "Sizes",
    "encode_raw",
    "open_format",
]
