"""A model as it is trained."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..errors import TrainingError
from .settings import Method


def check_installed() -> None:
    """Raise `TrainingError` where what trains models is not installed."""
    for package, name in (("mlx", "MLX"), ("mlx_lm", "mlx-lm")):
        if find_spec(package) is None:
            raise TrainingError(
                f"Training needs {name}, which is not installed here; where it has "
                "wheels (a Mac with Apple silicon, or Linux), install it with: python "
                "-m pip install mlx-lm 'mlx[cpu]'"
            )


def open_trainee(directory: Path, method: Method = "full") -> Any:
    """A Genesis model, or one of mlx-lm's families, from its folder.

    Weights that are trained themselves are float32, as small changes would be lost in
    fewer bits. Under an adapter they stay as they are stored, and quantised ones
    packed; but without Metal, where MLX is far slower in anything else, they are
    float32 as well, where the free memory allows.

    Raises:
        TrainingError: MLX or mlx-lm is not installed.
        ConfigError, WeightsError: the folder holds no such model.
    """
    check_installed()
    import mlx.core as mx
    from mlx.utils import tree_map

    from ..genesis_mlx.plugin import register
    from ..mlx_base.device import on_metal
    from ..mlx_family import library
    from ..mlx_family.files import read_family_config
    from ..mlx_family.loading import read_network, unpack

    kind = read_family_config(directory)["model_type"]
    library.loader()
    register(writing=True)
    model = read_network(directory, kind)

    def wide(array: mx.array) -> mx.array:
        floating = mx.issubdtype(array.dtype, mx.floating)
        return array.astype(mx.float32) if floating else array

    has_adapter = method in ("lora", "dora")
    if not (has_adapter and on_metal()):
        model.update(tree_map(wide, model.parameters()))
    if has_adapter and not on_metal():
        unpack(model, directory)
    mx.eval(model.parameters())
    return model
