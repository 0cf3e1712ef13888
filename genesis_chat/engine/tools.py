"""mlx-lm's own tools, which know Genesis here."""

import logging
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoints, PackageNotFoundError, distribution
from importlib.util import find_spec

from ..errors import UsageError

PREFIX = "mlx_lm."
# Tools that write a model keep what its weights are stored in.
WRITING = frozenset({"convert", "fuse", "awq", "dwq", "dynamic_quant", "gptq"})


def tools() -> list[str]:
    """Names of the tools that the installed mlx-lm has. Raises `UsageError`."""
    return sorted(name.removeprefix(PREFIX) for name in _entry_points().names)


def run_tool(name: str, program: str, arguments: Sequence[str]) -> None:
    """Run a tool as if it had been started by `program`, with Genesis registered.

    It is mlx-lm's code: it may raise anything, `SystemExit` included. Raises
    `UsageError` when there is none of the name.
    """
    entry_points = _entry_points().select(name=PREFIX + name)
    if not entry_points:
        raise UsageError(
            f"mlx-lm has no tool {name[:80]!r}; tools: {', '.join(tools())}."
        )
    from backends.genesis_mlx.plugin import register

    register(writing=name in WRITING)
    logging.getLogger("transformers.configuration_utils").addFilter(_is_news)
    (entry_point,) = entry_points
    main: Callable[[], object] = entry_point.load()
    sys.argv = [program, *arguments]
    main()


def _is_news(record: logging.LogRecord) -> bool:
    """Everything but that transformers does not know Genesis, which needs it not."""
    return "type `genesis`" not in record.getMessage()


def _entry_points() -> EntryPoints:
    try:
        package = distribution("mlx-lm")
    except PackageNotFoundError:
        package = None
    if package is None or find_spec("mlx_lm") is None:
        raise UsageError(
            "mlx-lm is not installed here; install it with: python -m pip install "
            "mlx-lm"
        )
    found = package.entry_points.select(group="console_scripts")
    return EntryPoints(each for each in found if each.name.startswith(PREFIX))
