"""What the mixers do: the panel that shows it, and the colours of the transcript."""

from .legend import Legend
from .panel import MixersPanel
from .trace import Trace
from .watch import Watch

__all__ = ["Legend", "MixersPanel", "Trace", "Watch"]
