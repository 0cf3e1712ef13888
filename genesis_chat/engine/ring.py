"""The computers that work on one thing together."""

from typing import Protocol

from ..errors import GenerationError, UsageError


class Ring(Protocol):
    """This computer's `rank` among so many, and what each of them gives."""

    rank: int
    size: int

    def gather(self, data: bytes) -> list[bytes]:
        """What every computer gives, by rank; all have to call it."""


def join_ring() -> Ring:
    """The ring that `mlx.launch` has started this program in.

    Raises `UsageError` without MLX, `GenerationError` when the others are not reached.
    """
    try:
        from backends.mlx_base.ring import Ring
    except ImportError as error:
        raise UsageError(
            "MLX is not installed here; install it with: python -m pip install mlx"
        ) from error
    try:
        return Ring()
    except RuntimeError as error:
        raise GenerationError(
            f"The other machines are not reached ({error}); check the addresses."
        ) from error
