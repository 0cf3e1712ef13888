"""Compile what a model needs: `compiling.compile_elsewhere` starts this."""

import sys
from pathlib import Path

from .compiling import compiling
from .loader import open_model

directory, dtype, rule, folder = sys.argv[1:]
model = open_model(
    Path(directory),
    "float32" if dtype == "float32" else "int8",
    delta_rule=rule == "delta",
    threads=2,
)
with compiling(Path(folder)):
    model.compile()
