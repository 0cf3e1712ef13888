"""How much MLX puts into one command buffer of Apple's GPU."""

import os
import sys

VARIABLE = "GENESIS_CHAT_COMMAND_BUFFERS"
# MLX ends a buffer after 40 or 50 dispatches, and each end takes as long as several of
# the small ones that a decoded token is made of.
LARGE = {"MLX_MAX_OPS_PER_BUFFER": "1000", "MLX_MAX_MB_PER_BUFFER": "400"}


def use_large_command_buffers() -> None:
    """Let one hold a whole token, unless the environment says how large they are.

    MLX looks when it first computes, so this has to come before. With
    GENESIS_CHAT_COMMAND_BUFFERS=mlx they stay as MLX has them.
    """
    if sys.platform == "darwin" and os.environ.get(VARIABLE) != "mlx":
        for name, value in LARGE.items():
            os.environ.setdefault(name, value)
