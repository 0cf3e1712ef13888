"""Training on MLX: of token ids, with no texts and no interface.

What is named here needs no MLX, but `open_trainee` when it is called; `train` is in
`training`, which does.
"""

from ..errors import TrainingError
from ..mlx_base import HAS_OPENBLAS as HAS_OPENBLAS  # before whatever imports MLX
from .example import Example
from .folders import has_checkpoint, remove_run, result_weights
from .reports import CheckpointReport, Outcome, Report, StepReport, ValidationReport
from .settings import TrainingSettings
from .trainee import check_installed, open_trainee

__all__ = [
    "CheckpointReport",
    "Example",
    "Outcome",
    "Report",
    "StepReport",
    "TrainingError",
    "TrainingSettings",
    "ValidationReport",
    "check_installed",
    "has_checkpoint",
    "open_trainee",
    "remove_run",
    "result_weights",
]
