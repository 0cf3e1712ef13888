"""Compile what a model needs: `compiling.compile_elsewhere` starts this."""

import sys
from pathlib import Path

from .compiling import compiling
from .loader import open_model
from .weights import checked_dtype

directory, dtype, rule, folder = sys.argv[1:]
model = open_model(
    Path(directory),
    checked_dtype(dtype),
    delta_rule=rule == "delta",
    threads=2,
)
with compiling(Path(folder)):
    model.compile()
