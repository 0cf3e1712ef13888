"""What the tests of mlx-lm's tools share."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pytest
from terminal import Result

needs_mlx_lm = pytest.mark.skipif(
    find_spec("mlx_lm") is None, reason="mlx-lm is not installed"
)
# A tool run as a person runs it, and questions that mlx-lm itself answers.
Tool = Callable[..., Result]
Peer = Callable[..., Any]
