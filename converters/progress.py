"""What a caller may watch: stage ("download", "check", "write", "verify") and bytes."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]


def silent(stage: str, done: int, total: int) -> None:
    """A progress callback that shows nothing."""
