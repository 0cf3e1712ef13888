"""The least time a token can take: the bytes at the published bandwidth."""

# GB/s of unified memory, as Apple publishes them.
BANDWIDTHS = {"M1": 68.25, "M2": 100.0, "M3": 100.0, "M4": 120.0}


def milliseconds(bytes_per_token: int) -> dict[str, float]:
    """Time per token by chip if nothing but memory took any: a lower bound."""
    return {
        chip: bytes_per_token / (speed * 1e9) * 1e3
        for chip, speed in BANDWIDTHS.items()
    }
