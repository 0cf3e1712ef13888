"""What is said when a kernel cannot be used."""

import warnings


class KernelWarning(UserWarning):
    """A Metal kernel failed on this machine; MLX operations take its place."""


def warn(sentence: str) -> None:
    """Report as a `KernelWarning`, where no application asks to be told."""
    warnings.warn(sentence, KernelWarning, stacklevel=5)
