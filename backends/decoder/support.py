"""What is known of an ordinary decoder without loading it."""

from collections.abc import Mapping
from typing import Any

from ..contract import Features
from .args import DecoderArgs

FEATURES = Features(can_trim=True)


def is_supported(model_type: str) -> bool:
    """All that are run passed the tests."""
    return True


def features(config: Mapping[str, Any]) -> Features:
    """What their states can do. Raises `UnsupportedError` for what is not run."""
    DecoderArgs.from_config(dict(config))
    return FEATURES
