"""The panel that shows what the mixers do."""

from .panel import UNABLE, MixersPanel
from .trace import Trace

__all__ = ["UNABLE", "MixersPanel", "Trace"]
