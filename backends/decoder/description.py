"""What a decoder is, without loading it."""

from pathlib import Path

from ..config_file import read_config
from ..contract import Description
from ..errors import ConfigError
from .args import DecoderArgs


def describe(directory: Path) -> Description:
    """From its configuration. Raises `ConfigError`."""
    try:
        args = DecoderArgs.from_config(read_config(directory))
    except ConfigError as error:
        raise type(error)(f"{directory / 'config.json'}: {error}") from error
    windows = sum(1 for window in args.windows if window)
    layers = {"attention": args.num_hidden_layers - windows}
    if windows:
        layers["sliding attention"] = windows
    return Description(args.max_position_embeddings, layers, args.to_config())
