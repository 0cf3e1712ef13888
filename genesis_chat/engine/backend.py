"""Which backend runs a model on this computer, and why."""

from dataclasses import dataclass
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
    """The backend for a name: with "auto" MLX, unless only the other has the dtype.

    Raises `UsageError` for a name that nobody knows, or a dtype that the named backend
    cannot compute in.
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
    if name != "auto":
        return Backend(name, "asked for")
    if dtype in ONLY_CPU:
        return Backend("cpu", f"{dtype} runs on it only")
    return Backend("mlx", "the default")
