"""Training on MLX: of token ids, with no texts and no interface.

What is described here needs no MLX; `training` and what it uses do.
"""

from ..errors import TrainingError
from .example import Example
from .reports import CheckpointReport, Outcome, Report, StepReport, ValidationReport
from .settings import TrainingSettings

__all__ = [
    "CheckpointReport",
    "Example",
    "Outcome",
    "Report",
    "StepReport",
    "TrainingError",
    "TrainingSettings",
    "ValidationReport",
]
