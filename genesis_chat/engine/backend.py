"""Which backend runs a model on this computer, and why."""

import platform
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

from ..errors import UsageError
from ..settings import BACKENDS, BackendName

ONLY_CPU, ONLY_MLX = ("int8",), ("float16", "bfloat16")


@dataclass(frozen=True)
class Backend:
    """A backend by name, "mlx" or "cpu", and the reason for it in a few words."""

    name: str
    why: str

    @property
    def module(self) -> Any:
        """The backend itself; importing it takes a while."""
        if self.name == "mlx":
            from backends import genesis_mlx

            return genesis_mlx
        from backends import genesis_cpu

        return genesis_cpu


def choose_backend(name: BackendName = "auto", dtype: str | None = None) -> Backend:
    """The backend for a name: with "auto" MLX where there is Metal, else the CPU's.

    A dtype that only one of them has decides, whatever the device.
    Raises `UsageError` for a name that nobody knows, a dtype that the named backend
    cannot compute in, or MLX where it is not installed.
    """
    if name not in BACKENDS:
        raise UsageError(f"backend must be one of {', '.join(BACKENDS)}, not {name!r}.")
    wanted = {"mlx": ONLY_CPU, "cpu": ONLY_MLX}.get(name, ())
    if dtype in wanted:
        other = "cpu" if name == "mlx" else "mlx"
        raise UsageError(
            f"The backend {name} does not compute in {dtype}; use --backend {other} or "
            "another --dtype."
        )
    if not mlx_is_installed():
        if name == "mlx":
            raise UsageError("MLX is not installed here; use --backend cpu.")
        if dtype in ONLY_MLX:
            raise UsageError(
                f"{dtype} needs MLX, which is not installed here; use another --dtype."
            )
    if name != "auto":
        return Backend(name, "asked for")
    if dtype in ONLY_CPU:
        return Backend("cpu", f"{dtype} runs on it only")
    if dtype in ONLY_MLX:
        return Backend("mlx", f"{dtype} runs on it only")
    if _has_metal():
        return Backend("mlx", "Metal")
    return Backend("cpu", "no Metal")


def mlx_is_installed() -> bool:
    """Whether the other backend can be chosen; there is no MLX for every system."""
    return find_spec("mlx") is not None


@cache
def _has_metal() -> bool:
    if platform.system() != "Darwin" or not mlx_is_installed():
        return False
    from backends.genesis_mlx.device import on_metal

    return on_metal()
