"""Compile what every decoder needs: `compiling.compile_elsewhere` starts this."""

import sys
from pathlib import Path

from ...decoder import DecoderArgs
from ..compiling import compiling
from ..weights import checked_dtype
from .model import DecoderModel
from .weights import zeros

# Code depends on what kinds of arrays there are, not on a model's size.
SMALL = DecoderArgs.from_config(
    {
        "model_type": "llama",
        "vocab_size": 8,
        "hidden_size": 8,
        "intermediate_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "max_position_embeddings": 8,
    }
)

dtype, folder = sys.argv[1:]
with compiling(Path(folder)):
    weights = zeros(SMALL, checked_dtype(dtype))
    DecoderModel(SMALL, weights, threads=2).compile()
