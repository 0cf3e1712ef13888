"""What is said of a thought while it is folded."""

from ..text import counted
from .records import StoredMessage


def summary(message: StoredMessage) -> str:
    """How long a stored thought took and was, as far as that is known."""
    receipt = message.receipt
    if receipt is None:
        return measured(None, 0)
    return measured(receipt.thought_seconds, receipt.thought_tokens)


def measured(seconds: float | None, tokens: int) -> str:
    """The same of a thought that took so many seconds and tokens."""
    parts = [] if seconds is None else [f"for {_duration(seconds)}"]
    if tokens:
        parts.append(counted(tokens, "token"))
    return f"Thought {', '.join(parts)}" if parts else "Thought"


def _duration(seconds: float) -> str:
    if seconds < 0.95:
        return f"{max(seconds, 0.1):.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
