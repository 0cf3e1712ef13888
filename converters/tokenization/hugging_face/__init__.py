"""Tokenizers in Hugging Face's form: tokenizer.json and the files beside it."""

from .files import TokenizerFiles, read_tokenizer_files
from .tokenizer import HuggingFaceTokenizer

__all__ = ["HuggingFaceTokenizer", "TokenizerFiles", "read_tokenizer_files"]
