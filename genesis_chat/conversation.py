"""What a conversation is made of."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant"]

DEFAULT_SYSTEM_PROMPT = "You are a helpful assistant."


def check_text(name: str, value: object) -> None:
    """Raise `TypeError` for a message or a system prompt that is no text."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}.")


@dataclass(frozen=True)
class Message:
    """One message; its text is kept exactly as it came."""

    role: Role
    content: str
