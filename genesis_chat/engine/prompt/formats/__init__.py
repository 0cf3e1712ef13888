"""Chat formats: Genesis's own, a model's template, and one for models without."""

from collections.abc import Callable

from converters import Tokenizer
from converters.tokenization import GenesisTokenizer

from .base import Answered, ChatFormat, Layout, Lesson, Sizes
from .genesis import GenesisFormat

__all__ = [
    "Answered",
    "ChatFormat",
    "GenesisFormat",
    "Layout",
    "Lesson",
    "Sizes",
    "open_format",
]


def open_format(tokenizer: Tokenizer, name: str) -> Callable[[], ChatFormat]:
    """Begin to open the chat format that belongs to a tokenizer.

    A template is compiled in another process meanwhile; call what is returned for
    the format itself, once.

    Args:
        tokenizer: the model's.
        name: the model's, for sentences about its template.
    """
    if isinstance(tokenizer, GenesisTokenizer):
        found = GenesisFormat(tokenizer)
        return lambda: found
    from .choosing import begin

    return begin(tokenizer, name)
