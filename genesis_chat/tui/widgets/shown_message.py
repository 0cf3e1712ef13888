"""A message as it is shown, and what is said about it."""

from dataclasses import dataclass

from ...engine import measured_speed
from ...history import StoredMessage
from .shown import clock, line


@dataclass(frozen=True)
class Shown:
    """A message with its place among its alternatives, counted from 1.

    `speaker` is who wrote it. `unanswered` is a question that no reply came to, and
    none is coming.
    """

    message: StoredMessage
    speaker: str
    place: int = 1
    places: int = 1
    unanswered: bool = False

    @property
    def asked(self) -> bool:
        """Whether a person wrote it."""
        return self.message.role == "user"

    @property
    def cut(self) -> bool:
        """Whether a limit ended it before it was done."""
        receipt = self.message.receipt
        return bool(receipt and receipt.finish_reason in ("length", "context"))

    @property
    def detail(self) -> str:
        """When it came, and what its receipt tells."""
        message = self.message
        parts = [clock(message.created)]
        if receipt := message.receipt:
            parts.append(line(receipt.model).plain)
            if receipt.reply_tokens:
                parts.append(f"{receipt.reply_tokens} tokens")
            speed = measured_speed(receipt.reply_tokens, receipt.tokens_per_second)
            if speed:
                parts.append(f"{speed:.0f} tokens/s")
        return " · ".join(parts)

    @property
    def state(self) -> str:
        """A sentence about what is not as it should be, or empty."""
        message = self.message
        match message.status:
            case "interrupted":
                return "Stopped here. Press Enter on this message to continue it."
            case "failed":
                return "This reply failed. R lets it be written anew."
            case "damaged":
                return "This text is not what was stored."
        if self.unanswered:
            return "No reply came. R lets one be written."
        if self.cut and message.receipt:
            why = message.receipt.finish_reason
            limit = "its token limit" if why == "length" else "the context's end"
            return f"Ended by {limit}. Press Enter on this message to continue it."
        return ""
