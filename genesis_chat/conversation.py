"""What a conversation is made of."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant"]

DEFAULT_SYSTEM_PROMPT = "You are a helpful assistant."


@dataclass(frozen=True)
class Message:
    """One message; its text is kept exactly as it came."""

    role: Role
    content: str
