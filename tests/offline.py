"""No Hub for a test, in this process and in those that it starts."""

import pytest


def go_offline(patch: pytest.MonkeyPatch) -> None:
    """Nobody asks the Hub, not even in vain."""
    # It reads its environment when it is imported, which another test may have done.
    from huggingface_hub import constants

    patch.setenv("HF_HUB_OFFLINE", "1")
    patch.setattr(constants, "HF_HUB_OFFLINE", True)
