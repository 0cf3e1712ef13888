"""`genesis-chat models`: installed models."""

import click

from .models_info import info
from .models_install import convert_command, pull
from .models_scan import scan_command
from .models_show import list_command, verify_command
from .options import complete_model
from .show import notice


@click.group()
def models() -> None:
    """Install, list, check and remove models."""


models.add_command(pull)
models.add_command(convert_command)
models.add_command(scan_command)
models.add_command(list_command)
models.add_command(info)
models.add_command(verify_command)


@models.command("remove")
@click.argument("name", shell_complete=complete_model)
@click.option("-y", "--yes", is_flag=True, help="Skip confirmation.")
def remove_command(name: str, yes: bool) -> int:
    """Delete an installed model or adapter."""
    from ..models import find, remove

    model = find(name)
    if not yes:
        click.confirm(f"Delete {model.directory}?", abort=True, err=True)
    remove(name)
    notice(f"Removed {name}.")
    return 0


@models.command("fuse")
@click.argument("name", shell_complete=complete_model)
@click.option("--name", "new_name", help="Name to install under. Default: NAME-fused.")
def fuse_command(name: str, new_name: str | None) -> int:
    """Make an adapter and the model it belongs to one model of their own.

    It needs neither of them any more. The adapter stays as it is.
    """
    from ..models import fuse_adapter

    model = fuse_adapter(name, new_name)
    notice(
        f"Installed {model.name} ({model.bytes / 1e6:,.0f} MB) in {model.directory}."
    )
    notice(f"Use it with: genesis-chat -m {model.name}")
    return 0


@models.command("default")
@click.argument("name", required=False, shell_complete=complete_model)
def default_command(name: str | None) -> int:
    """Print the default model, or set it to NAME."""
    from ..models import default_name, set_default

    if name is None:
        click.echo(default_name())
    else:
        set_default(name)
        notice(f"The default model is now {name}.")
    return 0
