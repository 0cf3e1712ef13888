"""The panel that shows what the mixers do."""

from .panel import MixersPanel
from .trace import Trace

__all__ = ["MixersPanel", "Trace"]
