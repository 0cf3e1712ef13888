"""`genesis-chat ask`: one prompt, one reply."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from ..errors import GenerationError
from .conversation import Choice, conversation_id
from .input import read_file, read_stdin
from .options import generation_options, model_from, settings_from
from .show import (
    Thoughts,
    as_json,
    dropped,
    load_model,
    notice,
    statistics,
    stop_on_interrupt,
    write,
)

INTERRUPTED = 130


@click.command()
@click.argument("prompt", nargs=-1)
@click.option(
    "-f",
    "--file",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Put a text file before the prompt; can be repeated.",
)
@generation_options
@click.option("--no-stream", is_flag=True, help="Print the reply only when complete.")
@click.option("--json", "json_output", is_flag=True, help="Print one JSON object.")
def ask(
    prompt: tuple[str, ...],
    files: tuple[Path, ...],
    stats: bool,
    no_stream: bool,
    json_output: bool,
    **options: Any,
) -> int:
    """Answer one prompt.

    Standard input comes first when it is not a terminal (or when PROMPT is -), then
    files, then PROMPT, separated by blank lines.
    """
    text = _read_prompt(prompt, files)
    model = model_from(options)
    settings, choice = settings_from(options), Choice(options)
    with ExitStack() as stack:
        stop = stack.enter_context(stop_on_interrupt(leaving=True))
        choice.check()
        genesis = load_model(model)
        if stop.asked:
            return INTERRUPTED
        chat = stack.enter_context(choice.open(genesis))
        streaming = not (no_stream or json_output)
        failure: GenerationError | None = None
        try:
            from ..engine import Dropped, Finished, Text, Thought

            thoughts = Thoughts()
            for event in chat.reply(text, settings, cancelled=stop):
                if isinstance(event, Thought) and streaming:
                    thoughts.show(event.text)
                    continue
                thoughts.close()
                if isinstance(event, Text) and streaming:
                    write(event.text)
                elif isinstance(event, Dropped):
                    notice(dropped(event.exchanges))
                elif isinstance(event, Finished):
                    reply = event.reply
        except GenerationError as error:
            failure = error
        if json_output:
            print(as_json(reply, conversation_id(chat)))
        else:
            write("\n" if streaming else f"{reply.text}\n")
    if stats:
        notice(statistics(reply))
    if failure:
        raise failure
    return INTERRUPTED if stop.asked else 0


def _read_prompt(prompt: tuple[str, ...], files: tuple[Path, ...]) -> str:
    words = [word for word in prompt if word != "-"]
    parts = []
    if "-" in prompt or not sys.stdin.isatty():
        parts.append(read_stdin())
    parts += [read_file(path) for path in files]
    parts.append(" ".join(words))
    text = "\n\n".join(part.strip("\n") for part in parts if part.strip())
    if not text:
        raise click.UsageError(
            'No prompt given. Try `genesis-chat "Hello"` or pipe text in.'
        )
    return text
