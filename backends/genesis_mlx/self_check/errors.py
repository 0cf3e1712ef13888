"""What is said when a kernel cannot be used."""


class KernelWarning(UserWarning):
    """A Metal kernel failed on this machine; MLX operations take its place."""
