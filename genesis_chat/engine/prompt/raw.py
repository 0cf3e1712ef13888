"""A text that is to go on, without a chat format."""

from converters import Tokenizer
from converters.tokenization import GenesisTokenizer


def encode_raw(tokenizer: Tokenizer, text: str) -> list[int]:
    """Ids of a text with what stands before every text; none is a control id."""
    if isinstance(tokenizer, GenesisTokenizer):
        return tokenizer.encode(text)
    from converters.tokenization.hugging_face import HuggingFaceTokenizer

    assert isinstance(tokenizer, HuggingFaceTokenizer)
    return [*tokenizer.begin, *tokenizer.encode(text)]
