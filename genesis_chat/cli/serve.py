"""`genesis-chat serve`: a local server for other programs."""

from pathlib import Path
from typing import Any

import click

from ..errors import UsageError
from .options import model_from, model_options, own_defaults
from .show import notice


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@model_options
@click.option(
    "--models-in-memory",
    type=click.IntRange(1, 16),
    default=1,
    show_default=True,
    help="How many models requests can keep loaded at a time.",
)
@click.option(
    "--parallel",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="How many replies to decode in one step, where the backend can.",
)
@click.option(
    "--queue",
    type=click.IntRange(1, 10_000),
    default=64,
    show_default=True,
    help="How many requests can wait; more are refused with 429.",
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="Let web pages of this origin use the server; can be repeated.",
)
@click.option(
    "--api-key-file",
    "key_file",
    type=click.Path(path_type=Path),
    help="Require one of the keys in this file; written with a new key if missing.",
)
@click.option(
    "--listen",
    "address",
    metavar="ADDRESS",
    help="Listen on another address than 127.0.0.1; needs --api-key-file.",
)
@click.option(
    "--log", is_flag=True, help="Save the conversations to the history. Default: no."
)
def serve(
    port: int,
    models_in_memory: int,
    parallel: int,
    queue: int,
    origins: tuple[str, ...],
    key_file: Path | None,
    address: str | None,
    log: bool,
    **options: Any,
) -> int:
    """Serve the installed models to other programs.

    Speaks OpenAI's API at http://127.0.0.1:8080/v1, on this computer only: chat
    completions, completions and models. Settings that a request leaves out are those
    of `genesis-chat config`.
    """
    model = model_from(options)
    try:
        from ..serve import Options, serve
        from ..serve.address import LOOPBACK, is_loopback
        from ..serve.guard import is_origin
        from ..serve.keys import write_key
    except ModuleNotFoundError as error:
        raise UsageError(
            f"The server needs the package {error.name}; install it with: python -m "
            "pip install starlette uvicorn"
        ) from error
    for origin in origins:
        if not is_origin(origin):
            raise UsageError(
                f"--allow-origin {origin[:80]} is no origin; write one like "
                "https://notes.example or http://localhost:3000."
            )
    address = address or LOOPBACK
    if not is_loopback(address):
        if key_file is None:
            raise UsageError(
                f"--listen {address} needs --api-key-file, since others could use the "
                "server."
            )
        notice(
            f"Warning: other computers can reach {address}, and what is sent there is "
            "not encrypted."
        )
    if key_file is not None and not key_file.exists():
        write_key(key_file)
        notice(f"Wrote a new key to {key_file}.")
    if log:
        from .conversation import open_history

        with open_history() as store:
            store.check_writable()
    serve(
        model,
        _defaults(),
        Options(
            address=address,
            port=port,
            origins=frozenset(origins),
            key_file=key_file,
            waiting=queue,
            parallel=parallel,
            models_in_memory=models_in_memory,
            log=log,
        ),
        notice,
    )
    return 0


def _defaults() -> Any:
    """Settings and system prompt of requests that have none."""
    from ..completions import Defaults
    from .conversation import default_system_prompt
    from .options import settings_from

    own = own_defaults()
    if own.get("max_tokens") == "auto":
        own["max_tokens"] = None
    return Defaults(settings_from(own), default_system_prompt())
