"""Training's arrays use memory again, in a process of their own."""

import subprocess
import sys

import pytest

# Of 4 KB, that twenty times four arrays of 16 MB take.
PAGES = 20 * 4 * 4096
MAPPED_ANEW = """
import resource, sys
import mlx.core as mx
from backends.mlx_base.freed_memory import keep_freed_memory

if sys.argv[1] == "kept":
    keep_freed_memory()

def faults():
    for _ in range(20):
        mx.eval([mx.ones((1 << 22,)) + 1 for _ in range(4)])
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

first = faults()
print(faults() - first)
"""


def faults(how: str) -> int:
    ran = subprocess.run(
        [sys.executable, "-c", MAPPED_ANEW, how],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(ran.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_pages_are_not_mapped_again_and_again() -> None:
    # Some systems give large arrays pages that were never given back to them.
    assert 10 * faults("kept") < PAGES
