"""What a model is fine-tuned on: read, checked, divided, and made token ids."""

from .data import BadLine, Data, divided, read_data
from .estimate import Estimate, estimate
from .examples import Encoded, encode_conversation, encode_samples
from .history import from_history
from .sample import SPLITS, Sample, Split

__all__ = [
    "SPLITS",
    "BadLine",
    "Data",
    "Encoded",
    "Estimate",
    "Sample",
    "Split",
    "divided",
    "encode_conversation",
    "encode_samples",
    "estimate",
    "from_history",
    "read_data",
]
