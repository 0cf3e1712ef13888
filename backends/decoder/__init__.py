"""Ordinary decoders (llama and its kin) in the files that other programs write."""

from .args import MODEL_TYPES, DecoderArgs
from .files import DecoderFiles, Packing, open_files
from .rotary import Rotary

__all__ = [
    "MODEL_TYPES",
    "DecoderArgs",
    "DecoderFiles",
    "Packing",
    "Rotary",
    "open_files",
]
