"""What generating commands show: the reply, notices, statistics."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ..text import counted, sanitize

if TYPE_CHECKING:
    from ..api import Genesis
    from ..engine import Reply
    from ..history import StoredMessage
    from ..model_choice import ModelChoice


class Stop:
    """Whether the person has asked to stop."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self) -> bool:
        return self.asked


@contextmanager
def stop_on_interrupt(leaving: bool = False) -> Iterator[Stop]:
    """Inside, Ctrl-C asks to stop; a second one interrupts at once.

    A program that is `leaving` once it has stopped then takes no others, which could
    only break into what it puts in order at its end.
    """
    stop = Stop()

    def ask_to_stop(number: int, frame: Any) -> None:
        if stop.asked:
            if leaving:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
            raise KeyboardInterrupt
        stop.asked = True

    previous = signal.signal(signal.SIGINT, ask_to_stop)
    try:
        yield stop
    finally:
        if leaving and stop.asked:
            previous = signal.SIG_IGN
        # None is a handler that Python cannot set again.
        signal.signal(signal.SIGINT, signal.SIG_DFL if previous is None else previous)


def kept_thought(message: "StoredMessage", how: str | None) -> str:
    """What was thought before a stored reply, set off; empty where nothing was.

    In one line that says `how` to see it, or all of it without that.
    """
    from ..history.thoughts import summary

    if not message.thought:
        return ""
    if how is not None:
        return f"[{summary(message)}; {how} shows it]\n"
    lines = [f"> {line}".rstrip() for line in message.thought.split("\n")]
    return "\n".join([f"[{summary(message)}]", *lines, "", ""])


def write(text: str) -> None:
    """Show text from the model on stdout at once."""
    sys.stdout.write(sanitize(text))
    sys.stdout.flush()


class Thoughts:
    """Shows what the model thinks before a reply: dimmed, and on a terminal only."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._open = False

    def show(self, text: str) -> None:
        """Show a piece at once."""
        if self._shown:
            self._open = True
            color = False if os.environ.get("NO_COLOR") else None
            click.secho(sanitize(text), err=True, dim=True, color=color, nl=False)

    def close(self) -> None:
        """End the line; to be called before anything else is shown."""
        if self._open:
            self._open = False
            click.echo("\n", err=True)


def notice(text: str) -> None:
    """Say something beside the reply, dimmed where the terminal can."""
    color = False if os.environ.get("NO_COLOR") else None
    click.secho(sanitize(text), err=True, dim=True, color=color)


def load_model(choice: "ModelChoice") -> "Genesis":
    """Load the model asked for; say what a person should know of it."""
    from ..api import Genesis

    genesis = Genesis.open(choice, notice)
    for warning in genesis.model.warnings:
        notice(warning)
    if genesis.is_builtin and choice.name is None:
        notice(
            "This is the small built-in demo model. For Genesis-152M: "
            "genesis-chat models pull"
        )
    return genesis


def dropped(exchanges: int) -> str:
    """A line about exchanges that are no longer in the prompt."""
    if exchanges == 1:
        return "[context full: the oldest exchange was dropped]"
    return f"[context full: the {exchanges} oldest exchanges were dropped]"


def statistics(reply: "Reply") -> str:
    """One line about a reply."""
    first, speed = reply.seconds_to_first_token, reply.measured_speed
    greedy = reply.settings.temperature == 0
    parts = [
        counted(reply.reply_tokens, "token"),
        f"{speed:.0f} tokens/s" if speed is not None else "",
        f"first token {first:.2f} s" if first is not None else "",
        f"prompt {reply.prompt_tokens} tokens ({reply.prefilled_tokens} read now)",
        "" if reply.finish_reason == "stop" else f"ended by {reply.finish_reason}",
        "" if greedy else f"seed {reply.settings.seed}",
    ]
    return f"[{', '.join(part for part in parts if part)}]"


def as_json(reply: "Reply", conversation: str | None) -> str:
    """A reply as one JSON object in ASCII, so that no character can act.

    `conversation` is the id of the conversation it is kept in, or None.
    """
    settings = asdict(reply.settings)
    return json.dumps(
        {
            "text": reply.text,
            **({"thought": reply.thought} if reply.thought else {}),
            "token_ids": list(reply.token_ids),
            "log_probabilities": [round(x, 6) for x in reply.log_probabilities],
            "finish_reason": reply.finish_reason,
            "prompt_tokens": reply.prompt_tokens,
            "prefilled_tokens": reply.prefilled_tokens,
            "reply_tokens": reply.reply_tokens,
            "seconds_to_first_token": reply.seconds_to_first_token,
            "tokens_per_second": reply.tokens_per_second,
            "model": reply.model,
            "seed": settings.pop("seed"),
            "settings": settings,
            "conversation": conversation,
        }
    )
