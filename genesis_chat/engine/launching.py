"""Starting one program on several computers, by mlx.launch."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..text_files import LARGEST_WRITTEN, TextFileError, read_text

# `mlx.launch` as a module, which is there wherever MLX is.
LAUNCH = "from mlx._distributed_utils.launch import main; main()"


def launch_command(hosts: Path, module: str, *arguments: str) -> list[str]:
    """What runs a module on all machines that a file names, joined in a ring.

    Its standard input has to stay open: the launcher takes its end for something to
    pass on for ever. Raises `UsageError` for a file of hosts that is none, or without
    MLX.
    """
    check_hosts(hosts)
    if find_spec("mlx") is None:
        raise UsageError(
            "--machines needs MLX, which is not installed here; install it with: "
            "python -m pip install mlx"
        )
    command = [sys.executable, "-c", LAUNCH, "--hostfile", str(hosts)]
    command += ["--backend", "ring", "--python", sys.executable, "--", "-m", module]
    return [*command, *arguments]


def check_hosts(hosts: Path) -> None:
    """Raise `UsageError` for a file that names no machines."""
    try:
        text = read_text(hosts, LARGEST_WRITTEN, regular=True).text
        found = json.loads(text)
        # mlx.launch reads it itself.
        marked = text.encode() != hosts.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{hosts} cannot be read: {error.strerror}. Give another file with "
            "--machines."
        ) from error
    except TextFileError as error:
        raise UsageError(f"{hosts} {error}; write a list of machines into it.") from (
            error
        )
    except ValueError as error:
        raise UsageError(
            f"{hosts} is not JSON; write a list of machines into it."
        ) from error
    if marked:
        raise UsageError(
            f"{hosts} is not in plain UTF-8, which mlx.launch needs; save it as UTF-8 "
            "without a byte order mark."
        )
    found = found.get("hosts") if isinstance(found, dict) else found
    if not isinstance(found, list) or not found or not all(map(_is_host, found)):
        raise UsageError(
            f"{hosts} names no machines; write a list such as "
            '[{"ssh": "studio.local", "ips": ["10.0.0.2"]}].'
        )


def _is_host(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("ssh"), str)
        and isinstance(value.get("ips"), list)
        and bool(value["ips"])
    )
