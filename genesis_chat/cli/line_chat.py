"""A conversation line by line: what its commands do."""

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import click

from ..errors import GenesisChatError, UsageError
from ..paths import user_path
from ..setting_table import REPLY_SETTINGS, reply_setting
from ..settings import GenerationSettings
from ..text import counted, sanitize, trimmed
from .conversation import Choice
from .line_help import HELP
from .show import (
    Thoughts,
    dropped,
    kept_thought,
    notice,
    statistics,
    stop_on_interrupt,
    write,
)

if TYPE_CHECKING:
    from ..chat import Chat
    from ..engine import Event, Reply
    from ..history import Store, StoredMessage

LISTED = 20


class LineChat:
    """Takes lines; what is no command is a message.

    Args:
        genesis: a loaded `Genesis`.
        choice: which conversation, and whether it is kept.
        settings: how replies are generated.
        stats: whether each reply is followed by its figures.

    `failed` says whether a line could not be done.
    """

    def __init__(
        self, genesis: Any, choice: Choice, settings: GenerationSettings, stats: bool
    ) -> None:
        self.genesis, self.choice = genesis, choice
        self.settings, self.stats = settings, stats
        self.failed = False
        self._listed: list[str] = []
        self._commands: dict[str, Callable[[str], None]] = {
            "help": lambda rest: notice(HELP),
            "stats": self._switch_stats,
            "new": lambda rest: self._new("New conversation."),
            "system": self._system,
            "chats": self._chats,
            "open": self._open,
            "show": self._show,
            "again": self._again,
            "continue": self._continue,
            "edit": self._edit,
            "versions": self._versions,
            "set": self._set,
            "title": self._title,
            "export": self._export,
            "delete": self._delete,
        }

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def take(self, line: str) -> bool:
        """Handle one line; whether to go on. A message may begin with a space."""
        command, _, rest = line.partition(" ")
        name = command.removeprefix("/")
        if not line.strip():
            return True
        if command in ("/quit", "/exit"):
            return False
        try:
            if not command.startswith("/") or "/" in name:
                self._tell(self.session.reply, line)
            elif name in self._commands:
                self._commands[name](trimmed(rest))
            else:
                self.failed = True
                notice(f"{command} is not a command; /help lists them.")
        except GenesisChatError as error:
            self.failed = True
            notice(f"Error: {error}")
        return True

    @property
    def _kept(self) -> "Chat[Store]":
        """The conversation in the history. Raises `UsageError` when it is not kept."""
        from ..chat import Chat

        if not isinstance(self.session, Chat):
            raise UsageError(
                "This needs a saved conversation; start one without --no-log."
            )
        return self.session

    @property
    def _begun(self) -> tuple["Chat[Store]", str]:
        """The conversation and its id. Raises `UsageError` when it has not begun."""
        chat = self._kept
        if chat.conversation is None:
            raise UsageError("The conversation is empty. Send a message first.")
        return chat, chat.conversation.id

    def _begin(self) -> None:
        stack = ExitStack()
        self.session = stack.enter_context(self.choice.open(self.genesis))
        self._stack = stack

    def _change(self, conversation: str | None) -> None:
        self.choice.latest, self.choice.conversation = False, conversation
        self._stack.close()
        self._begin()

    def _new(self, what: str) -> None:
        self._change(None)
        notice(what)

    def _system(self, rest: str) -> None:
        if not rest:
            notice(self.session.system or "No system prompt.")
            notice('/system TEXT sets one and starts a new conversation; "" for none.')
            return
        self.choice.system = "" if rest == '""' else rest
        self._new("New conversation with this system prompt.")

    def _switch_stats(self, rest: str) -> None:
        self.stats = not self.stats
        notice(f"Statistics are {'on' if self.stats else 'off'}.")

    def _chats(self, rest: str) -> None:
        store = self._kept.store
        if rest:
            found = {c.id: c for c in store.titled(rest)}
            found |= {h.conversation.id: h.conversation for h in store.search(rest)}
            listed = list(found.values())[:LISTED]
        else:
            listed = store.conversations(limit=LISTED)
        self._listed = [each.id for each in listed]
        for number, each in enumerate(listed, 1):
            title = " ".join(each.title.split()) or "(no title)"
            notice(f"{number}. {title} ({counted(each.messages, 'message')})")
        notice("/open N opens one." if listed else "None.")

    def _open(self, rest: str) -> None:
        store = self._kept.store
        if rest.isdecimal() and 1 <= int(rest) <= len(self._listed):
            rest = self._listed[int(rest) - 1]
        elif len(rest) < 4:
            raise UsageError("Which one? /chats lists them by number.")
        self._change(store.find(rest).id)

    def _show(self, rest: str) -> None:
        from ..chat.speakers import speaker_of_message

        if rest not in ("", "thoughts"):
            raise UsageError("/show takes nothing, or thoughts.")
        model = self._kept.engine.model
        for message in self._branch():
            name = speaker_of_message(message, model)
            cut = "" if message.status == "complete" else f" [{message.status}]"
            thought = kept_thought(message, None if rest else "/show thoughts")
            said = f"{name}: {message.content}{cut}\n"
            click.echo(sanitize(f"{thought}{said}"))

    def _branch(self) -> "Sequence[StoredMessage]":
        chat, id = self._begun
        return chat.store.branch(id, chat.head)

    def _last(self, role: str) -> "StoredMessage":
        found = [m for m in self._branch() if m.role == role]
        if not found:
            raise UsageError("Send a message first.")
        return found[-1]

    def _again(self, rest: str) -> None:
        self._tell(self._kept.regenerate, self._last("user").id)

    def _continue(self, rest: str) -> None:
        self._tell(self._kept.resume, self._branch()[-1].id)

    def _edit(self, rest: str) -> None:
        if not rest:
            raise UsageError("/edit needs the new text: /edit TEXT.")
        self._tell(self._kept.edit, self._last("user").id, rest)

    def _versions(self, rest: str) -> None:
        chat, id = self._begun
        question = self._last("user").id
        replies = [m for m in chat.store.messages(id) if m.parent == question]
        if rest:
            if not rest.isdecimal() or not 1 <= int(rest) <= len(replies):
                raise UsageError(
                    f"There is no version {rest}; pick one from 1 to {len(replies)}."
                )
            chat.select(replies[int(rest) - 1].id)
            click.echo(sanitize(self._last("assistant").content))
            return
        for number, reply in enumerate(replies, 1):
            mark = " (current)" if reply.id == chat.head else ""
            notice(f"{number}.{mark} {reply.content}")

    def _set(self, rest: str) -> None:
        from ..engine import check

        name, _, value = rest.partition(" ")
        own = self.genesis.model.sampling
        if not name:
            for each in REPLY_SETTINGS.values():
                now = getattr(self.settings, each.name)
                notice(f"{each.name} {each.shown(now, own)}")
            return
        setting = reply_setting(name)
        changed = replace(self.settings, **{name: setting.parse(value)})
        check(changed)
        self.settings = changed
        notice(f"{name} is {setting.shown(getattr(changed, name), own)}.")

    def _title(self, rest: str) -> None:
        chat, id = self._begun
        if not rest:
            notice(chat.store.find(id).title or "No title.")
            notice("/title TEXT changes it.")
            return
        chat.store.rename(id, rest)
        notice("Renamed.")

    def _export(self, rest: str) -> None:
        from ..history.exchange import format_of, write_file

        chat, id = self._begun
        target = user_path(rest)
        chosen = [(chat.store.find(id), chat.store.messages(id))]
        write_file(chosen, format_of(target), target)
        notice(f"Exported to {target.absolute()}.")

    def _delete(self, rest: str) -> None:
        chat, id = self._begun
        chat.store.delete(id)
        self._new(
            f"Moved to the trash. Undo with: genesis-chat history restore {id}\n"
            "New conversation."
        )

    def _tell(self, ask: "Callable[..., Generator[Event]]", *what: str) -> None:
        """Write a reply as it comes."""
        from ..engine import Dropped, Finished, Text, Thought

        thoughts = Thoughts()
        with stop_on_interrupt() as stop:
            for event in ask(*what, self.settings, cancelled=stop):
                if isinstance(event, Thought):
                    thoughts.show(event.text)
                    continue
                thoughts.close()
                match event:
                    case Dropped(exchanges):
                        notice(dropped(exchanges))
                    case Text(text):
                        write(text)
                    case Finished(reply):
                        write("\n")
                        self._finished(reply)

    def _finished(self, reply: "Reply") -> None:
        if reply.finish_reason == "cancelled":
            notice("[stopped] /continue resumes.")
        elif reply.finish_reason == "length":
            tokens = counted(reply.reply_tokens, "token")
            notice(f"[stopped after {tokens} (--max-tokens); /continue resumes]")
        elif reply.finish_reason == "context":
            notice(
                "[stopped: the model's context is full; /new starts a new conversation]"
            )
        if self.stats:
            notice(statistics(reply))
