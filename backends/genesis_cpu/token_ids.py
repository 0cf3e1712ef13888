"""Token ids as a caller gives them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import TokenError

Ids = NDArray[np.int64]


def checked_ids(ids: NDArray[Any], vocab_size: int) -> Ids:
    """Ids [L] of a call's ids [1, L].

    Raises `TokenError` unless they are integers [1, L], at least one, inside the
    vocabulary.
    """
    ids = np.asarray(ids)
    if ids.ndim != 2 or 0 in ids.shape or not np.issubdtype(ids.dtype, np.integer):
        raise TokenError(
            f"Token ids must be integers [1, tokens] and not empty, not "
            f"{ids.dtype} {list(ids.shape)}."
        )
    if ids.shape[0] != 1:
        raise TokenError(
            f"The CPU backend reads one text at a time, not {ids.shape[0]}."
        )
    low, high = ids.min(), ids.max()
    if not 0 <= low <= high < vocab_size:
        raise TokenError(
            f"A token id is outside the vocabulary of {vocab_size}: "
            f"they run from {low} to {high}."
        )
    checked: Ids = ids[0].astype(np.int64)
    return checked
