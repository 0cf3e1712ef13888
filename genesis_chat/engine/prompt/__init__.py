"""From a conversation to token ids, in the form a model was tuned on."""

from .formats import ChatFormat, GenesisFormat, Layout, Sizes, open_format

__all__ = ["ChatFormat", "GenesisFormat", "Layout", "Sizes", "open_format"]
