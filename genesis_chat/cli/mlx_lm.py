"""`genesis-chat mlx-lm`: mlx-lm's own tools on our models."""

import os
from collections.abc import Sequence
from pathlib import Path

import click

from ..errors import GenerationError, GenesisChatError
from ..text import sanitize
from .show import notice

MODEL_OPTIONS = ("--model", "--hf-path")
DRAFT_OPTION = "--draft-model"
HELP_OPTIONS = {"-h", "--help"}
# Options that take a file which may name the model.
NAMING = {"lora": {"-c", "--config"}, "generate": {"--prompt-cache-file"}}
# What these take is no model to be loaded here.
WITHOUT_MODEL = {"manage", "share", "upload"}


class ToolCommand(click.Command):
    """A command whose help lists the tools that are there."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list, or why there is none."""
        from ..engine.tools import tools

        try:
            text = f"Tools: {', '.join(tools())}."
        except GenesisChatError as error:
            text = str(error)
        formatter.write_paragraph()
        formatter.write_text(text)


@click.command(
    "mlx-lm",
    cls=ToolCommand,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("tool")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def mlx_lm(tool: str, arguments: tuple[str, ...]) -> int:
    """Run one of mlx-lm's tools, with Genesis models too.

    ARGUMENTS, output and exit code are the tool's own. `--model` also takes the name
    of an installed model; without it, the default model is used.
    """
    from ..engine.tools import run_tool, tools

    known = tool in tools()
    given = list(arguments)
    if known and tool not in WITHOUT_MODEL and not HELP_OPTIONS & set(given):
        given = _with_model(tool, given)
    try:
        run_tool(tool, f"genesis-chat mlx-lm {tool}", given)
    except SystemExit as ending:
        if isinstance(ending.code, str):
            click.echo(sanitize(ending.code), err=True)
            return 1
        return int(ending.code or 0)
    except (GenesisChatError, KeyboardInterrupt, BrokenPipeError):
        raise
    except ModuleNotFoundError as error:
        raise GenerationError(
            f"mlx-lm's {tool} needs the package {error.name}; install it with: "
            f"python -m pip install {error.name}"
        ) from error
    except Exception as error:
        if tool == "chat" and isinstance(error, EOFError):
            click.echo()  # Ctrl-D ends a conversation.
            return 0
        # The tools report what is wrong by whatever is raised inside them.
        if os.environ.get("GENESIS_CHAT_DEBUG"):
            raise
        reason = str(error).strip() or type(error).__name__
        raise GenerationError(f"mlx-lm's {tool} failed: {reason}") from error
    return 0


def _with_model(tool: str, arguments: Sequence[str]) -> list[str]:
    """The arguments with folders in place of models' names, or of none."""
    given, found = list(arguments), set()
    for index, argument in enumerate(arguments):
        option, equals, value = argument.partition("=")
        found.add(option)
        if option not in (*MODEL_OPTIONS, DRAFT_OPTION):
            continue
        if equals:
            given[index] = f"{option}={_folder(value)}"
        elif index + 1 < len(given):
            given[index + 1] = _folder(given[index + 1])
    if found.isdisjoint({*MODEL_OPTIONS, *NAMING.get(tool, ())}):
        return ["--model", _folder(None), *given]
    return given


def _folder(name: str | None) -> str:
    """The folder of an installed model or of a path; other names stay as they are."""
    from ..engine.diagnostics import has_own_files
    from ..errors import ModelError
    from ..models import BUILTIN, choose, names
    from ..models.library_folder import is_library_folder, library_folder

    if name is None or name == BUILTIN or name in names():
        model = choose(name, notice)
        if model.problem:
            raise ModelError(model.problem)
        directory = model.directory
    elif os.path.isdir(name) and not is_library_folder(Path(name)):
        directory = Path(name)
    else:
        return name
    if is_library_folder(directory) or not has_own_files(directory):
        return str(directory)
    return str(library_folder(directory))
