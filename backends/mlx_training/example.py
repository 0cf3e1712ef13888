"""What a model is trained on: one text as token ids."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import TrainingError


@dataclass(frozen=True, eq=False)
class Example:
    """A text's token ids int32 [L], and which of them the model is to predict.

    `targets` bool [L]: token i counts in the loss, predicted from `ids[:i]`. The first
    token has nothing before it and is no target. Raises `TrainingError` when nothing
    can be learnt from it.
    """

    ids: NDArray[np.int32]
    targets: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if self.ids.ndim != 1 or self.ids.shape != self.targets.shape:
            raise TrainingError(
                f"An example's ids {list(self.ids.shape)} and targets "
                f"{list(self.targets.shape)} must be two rows of the same length."
            )
        if self.ids.dtype != np.int32 or self.targets.dtype != np.bool_:
            raise TrainingError(
                f"An example's ids must be int32 and its targets bool, not "
                f"{self.ids.dtype} and {self.targets.dtype}."
            )
        if len(self.ids) < 2 or self.targets[0] or not self.targets.any():
            raise TrainingError(
                "An example needs at least one target, and a token before it."
            )

    def __len__(self) -> int:
        return len(self.ids)
