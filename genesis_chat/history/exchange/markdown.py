r"""Conversations as Markdown: readable anywhere, and read back exactly.

    <!-- genesis-chat 1, created 2026-03-01T12:00:00.000Z -->

    # Birds

    ## User

    Why do they sing?

    ## Qwen3 (interrupted) <!-- reply of Qwen3-4B-Instruct -->

    <details><summary>Thought for 3 s, 120 tokens</summary>

    What is a bird?

    </details>

    To call

A message's text stands as it is between its heading and the next. Only a line that
would itself be read as one of our headings, `## User` alone on its line, gets a
backslash before it, as Markdown escapes a heading; a line that has one already gets
another. A reply's heading has the name that its model has on the screen; the comment,
which no viewer shows, says that it is a reply, and of which model, written as in a URL.
Where people write by hand, `## Assistant` will do. Fences are not looked at: an open
one hides no message. What was thought before a reply stands folded above it; lines that
would be read as its first or as its last get a backslash too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TextIO, cast
from urllib.parse import quote, unquote

from ...speaker import speaker_of_reply
from ..records import Conversation, NewConversation, NewMessage, Status, StoredMessage
from ..rows import storable
from ..thoughts import summary
from .branches import receipt_of
from .checked import FIRST_TIME, LAST_TIME, Refused

VERSION = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STATUSES = {
    "writing": "interrupted",
    "interrupted": "interrupted",
    "failed": "failed",
}
_START = r"<!-- genesis-chat (?P<start>.*)-->"
_STATUS = r"interrupted|failed|damaged"
_PLAIN = rf"(?P<role>User|Assistant)(?: \((?P<status>{_STATUS})\))?"
_ENDED = rf"(?: \((?P<ended>{_STATUS})\))?"
_REPLY = rf".*?{_ENDED} <!-- reply(?: of (?P<model>[^<>\n]*))? -->"
_HEADING = rf"## (?:(?P<system>System)|{_PLAIN}|{_REPLY})"
_MARK = rf"(?:{_START}|{_HEADING})(?P<rest>[ \t\r]*)$"
MARK = re.compile(f"^{_MARK}", re.MULTILINE)
_OPEN = "<details><summary>Thought[^<>\n]*</summary>[ \t\r]*$"
_CLOSE = "</details>[ \t\r]*$"
_OPENING = re.compile(_OPEN, re.MULTILINE)
_CLOSING = re.compile(f"^{_CLOSE}", re.MULTILINE)
_IN_TEXT, _IN_THOUGHT = rf"{_MARK}|{_OPEN}", rf"{_MARK}|{_CLOSE}"
_TO_ESCAPE = re.compile(rf"^(?=\\*(?:{_IN_TEXT}))", re.MULTILINE)
_ESCAPED = re.compile(rf"^\\(?=\\*(?:{_IN_TEXT}))", re.MULTILINE)
_TO_ESCAPE_IN_THOUGHT = re.compile(rf"^(?=\\*(?:{_IN_THOUGHT}))", re.MULTILINE)
_ESCAPED_IN_THOUGHT = re.compile(rf"^\\(?=\\*(?:{_IN_THOUGHT}))", re.MULTILINE)
# What Markdown would read in a name, and what we would read at the end of one.
_MARKUP = re.compile(r"[\\`*\[\]<>&]")
_LIKE_A_STATUS = re.compile(rf"(?: \((?:{_STATUS})\))+$")
_ABOUT = re.compile(r"(?P<version>[0-9]{1,9})(?:, created (?P<created>\S+))? ")


def write(
    conversation: Conversation, branch: Sequence[StoredMessage], stream: TextIO
) -> None:
    """Write one conversation. Raises `OSError` as the stream does."""
    created = ""
    if FIRST_TIME <= conversation.created <= LAST_TIME:
        moment = _EPOCH + timedelta(milliseconds=conversation.created)
        iso = moment.replace(tzinfo=None).isoformat(timespec="milliseconds")
        created = f", created {iso}Z"
    stream.write(f"<!-- genesis-chat {VERSION}{created} -->\n")
    if title := " ".join(storable(conversation.title).split()):
        stream.write(f"\n# {title}\n")
    if conversation.system:
        _write("System", conversation.system, stream)
    for message in branch:
        heading = "User" if message.role == "user" else _speaker(message)
        if message.status != "complete":
            heading += f" ({_STATUSES.get(message.status, 'damaged')})"
        if message.role != "user":
            heading += _reply(message)
        thought = _folded(message) if message.thought else ""
        _write(heading, message.content, stream, thought)


def read(text: str) -> list[NewConversation]:
    """The conversations of a Markdown file, each one branch. Raises `Refused`."""
    marks = list(MARK.finditer(text))
    if marks and marks[0]["rest"].endswith("\r"):
        # We write no such heading: an editor changed the line ends of all.
        text = text.replace("\r\n", "\n")
        marks = list(MARK.finditer(text))
    if not marks:
        raise Refused("it has no heading such as '## User'")
    drafts: list[_Draft] = []
    if marks[0]["start"] is None:
        drafts.append(_Draft(_title(text, 0, marks[0].start())))
    elif text[: marks[0].start()].strip():
        raise Refused("text stands before its first conversation")
    for mark, after in zip(marks, [*marks[1:], None], strict=True):
        end = len(text) if after is None else after.start()
        if mark["start"] is not None:
            created = _created(text, mark)
            drafts.append(_Draft(_title(text, mark.end(), end), created))
            continue
        draft, body = drafts[-1], _body(text[mark.end() : end], after is None)
        thought, said = ("", body) if mark["system"] else _unfolded(body)
        content = storable(_ESCAPED.sub("", said))
        if mark["system"] is None:
            draft.add(mark, content, thought)
        elif draft.system is None and not draft.messages:
            draft.system = content
        else:
            line = _line(text, mark.start())
            raise Refused(f"line {line} has a system prompt within a conversation")
    return [draft.finished() for draft in drafts]


@dataclass
class _Draft:
    """A conversation of which more is to come."""

    title: str
    created: int | None = None
    system: str | None = None
    messages: list[NewMessage] = field(default_factory=list)

    def add(self, mark: re.Match[str], content: str, thought: str) -> None:
        status = cast(Status, mark["status"] or mark["ended"] or "complete")
        model = storable(unquote(mark["model"] or ""))
        self.messages.append(
            NewMessage(
                role="user" if mark["role"] == "User" else "assistant",
                content=content,
                parent=len(self.messages) - 1 if self.messages else None,
                created=self.created,
                status=status,
                receipt=receipt_of(model, status) if model.strip() else None,
                thought=thought,
            )
        )

    def finished(self) -> NewConversation:
        return NewConversation(
            title=self.title,
            system=self.system or "",
            messages=tuple(self.messages),
            head=len(self.messages) - 1 if self.messages else None,
            created=self.created,
        )


def _write(heading: str, content: str, stream: TextIO, thought: str = "") -> None:
    stream.write(f"\n## {heading}\n\n{thought}")
    stream.write(_TO_ESCAPE.sub(r"\\", storable(content)))
    stream.write("\n")


def _speaker(message: StoredMessage) -> str:
    """The name that a reply's model has on the screen, for a heading."""
    receipt = message.receipt
    name = storable(speaker_of_reply(receipt.model if receipt else None))
    name = _LIKE_A_STATUS.sub("", " ".join(name.split()))
    return _MARKUP.sub(r"\\\g<0>", name)


def _reply(message: StoredMessage) -> str:
    """The comment of a reply's heading."""
    model = message.receipt.model if message.receipt else ""
    of = quote(storable(model), safe="/:@+")
    return f" <!-- reply of {of} -->" if of else " <!-- reply -->"


def _folded(message: StoredMessage) -> str:
    thought = _TO_ESCAPE_IN_THOUGHT.sub(r"\\", storable(message.thought))
    first = f"<details><summary>{summary(message)}</summary>"
    return f"{first}\n\n{thought}\n\n</details>\n\n"


def _unfolded(body: str) -> tuple[str, str]:
    """The thought that a message's text begins with, and what follows it."""
    opening = _OPENING.match(body)
    closing = _CLOSING.search(body, opening.end()) if opening else None
    if opening is None or closing is None:
        return "", body
    thought = body[opening.end() : closing.start()]
    thought = thought.removeprefix("\n").removeprefix("\n")
    thought = thought.removesuffix("\n").removesuffix("\n")
    said = body[closing.end() :].removeprefix("\n").removeprefix("\n")
    return storable(_ESCAPED_IN_THOUGHT.sub("", thought)), said


def _body(body: str, last: bool) -> str:
    """What stands below a heading, without what `_write` put around it."""
    body = body.removeprefix("\n").removeprefix("\n").removesuffix("\n")
    if not last:
        body = body.removesuffix("\n")
    return body


def _created(text: str, mark: re.Match[str]) -> int | None:
    about = _ABOUT.fullmatch(mark["start"])
    if about is None:
        line = _line(text, mark.start())
        raise Refused(f"line {line} is not the beginning of a conversation")
    if int(about["version"]) > VERSION:
        line = _line(text, mark.start())
        raise Refused(
            f"line {line} has version {about['version']} of its format and this "
            f"program knows version {VERSION}",
            "update the program",
        )
    if about["created"] is None:
        return None
    try:
        moment = datetime.fromisoformat(about["created"])
    except ValueError as error:
        line = _line(text, mark.start())
        raise Refused(f"line {line} holds no readable date") from error
    # The date alone counts: a zone could lead out of the years there are.
    return (moment.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)


def _title(text: str, begin: int, end: int) -> str:
    lines = [line for line in text[begin:end].split("\n") if line.strip()]
    if len(lines) > 1 or (lines and not lines[0].startswith("# ")):
        raise Refused(
            f"line {_line(text, begin)} is followed by text that belongs to no message"
        )
    return storable(lines[0][2:].strip()) if lines else ""


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
