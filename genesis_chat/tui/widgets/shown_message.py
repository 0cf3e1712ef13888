"""A message as it is shown, and what is said about it."""

from dataclasses import dataclass
from typing import Literal

from ...engine import measured_speed
from ...history import StoredMessage
from ...text import counted
from .shown import clock, line

# What a person may want done with a message.
What = Literal[
    "copy",
    "copy_code",
    "edit",
    "regenerate",
    "resume",
    "branch",
    "delete",
    "previous",
    "next",
]


@dataclass(frozen=True)
class Shown:
    """A message with its place among its alternatives, counted from 1.

    `speaker` is who wrote it. `unanswered` is a question that no reply came to, and
    none is coming. `again` and `resume` are the keys that have a reply generated
    again or go on wherever the focus is; empty for all messages but the last.
    """

    message: StoredMessage
    speaker: str
    place: int = 1
    places: int = 1
    unanswered: bool = False
    again: str = ""
    resume: str = ""

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
    def figures(self) -> str:
        """What its receipt tells: tokens, how fast, and after how long."""
        receipt = self.message.receipt
        if receipt is None or not receipt.reply_tokens:
            return ""
        count = receipt.reply_tokens
        parts = [counted(count, "token")]
        if speed := measured_speed(count, receipt.tokens_per_second):
            parts.append(f"{speed:,.0f} tok/s")
        if receipt.seconds_to_first_token is not None:
            parts.append(f"first token {_seconds(receipt.seconds_to_first_token)}")
        return " · ".join(parts)

    @property
    def time(self) -> str:
        """When it came."""
        return clock(self.message.created)

    @property
    def written(self) -> str:
        """When it came, and which model wrote it."""
        receipt = self.message.receipt
        wrote = line(receipt.model).plain if receipt else ""
        return " · ".join(filter(None, (self.time, wrote)))

    @property
    def state(self) -> str:
        """A sentence about what is not as it should be, or empty."""
        message = self.message
        match message.status:
            case "interrupted":
                return _with_key("Stopped", self.resume, "continue")
            case "failed":
                return _with_key("Reply failed", self.again, "try again")
            case "damaged":
                return "This message is damaged (checksum mismatch)"
        if self.unanswered:
            return _with_key("No reply yet", self.again, "generate one")
        if self.cut and message.receipt:
            why = message.receipt.finish_reason
            limit = "Reached the token limit" if why == "length" else "Context is full"
            return _with_key(limit, self.resume, "continue")
        return ""

    @property
    def wrong(self) -> bool:
        """Whether `state` tells of an error."""
        return self.message.status in ("failed", "damaged")


def _with_key(what: str, key: str, does: str) -> str:
    return f"{what} · {key} to {does}" if key else what


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
