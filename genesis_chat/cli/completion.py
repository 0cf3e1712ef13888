"""`genesis-chat completion`: the shell's completion script."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for a shell.

    For bash: eval "$(genesis-chat completion bash)"
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(
            f"There is no completion for {shell}; use bash, zsh or fish."
        )
    root = click.get_current_context().find_root().command
    script = kind(root, {}, "genesis-chat", "_GENESIS_CHAT_COMPLETE")
    click.echo(script.source())
