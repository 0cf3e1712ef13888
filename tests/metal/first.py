"""On a Mac: what it is, and whether every kernel that models run can be built there.

Run as a program before the tests: it ends with a line for each kernel that fails, where
they would fail dozens of times for the same reason.
"""

import platform
import sys
from collections.abc import Iterator
from importlib.metadata import version

import mlx.core as mx

from backends.genesis.args import ModelArgs
from backends.genesis_mlx import DTYPES, check_kernels
from backends.mlx_base.self_check import FAILURES


def facts() -> Iterator[str]:
    """The system, MLX, and all that it knows of the device."""
    system = platform.mac_ver()[0] or platform.release()
    yield f"{platform.system()} {system}, MLX {version('mlx')}"
    for name, value in sorted(mx.device_info().items()):
        yield f"{name}: {value}"


def failures() -> Iterator[str]:
    """A line for each use of a kernel that fails in the released model's shapes."""
    if not mx.metal.is_available():
        return
    for name, dtype in DTYPES.items():
        try:
            for tried in check_kernels(ModelArgs.released(), dtype):
                if tried.problem:
                    yield f"{tried.kernel} in {name}: {tried.problem}"
        except FAILURES as failure:
            yield f"in {name}: {failure}"


def main() -> int:
    """Print both; 1 if a kernel fails."""
    print("\n".join(facts()))
    found = list(failures())
    if found:
        print("\nThese kernels fail here, and nothing else is tried:")
        print("\n".join(f"  {line}" for line in found))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
