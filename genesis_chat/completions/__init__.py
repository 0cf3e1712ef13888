"""OpenAI's requests and answers, for the server and for batches."""

from .answers import Answer
from .choices import Choice
from .errors import ApiError
from .parameters import Completion, Defaults, chat_completion, text_completion
from .strict_json import parse_json

__all__ = [
    "Answer",
    "ApiError",
    "Choice",
    "Completion",
    "Defaults",
    "chat_completion",
    "parse_json",
    "text_completion",
]
