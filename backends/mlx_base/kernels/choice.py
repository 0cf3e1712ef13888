"""Which kernels are used: the device decides, a variable overrides it."""

import os
from typing import Literal, cast

from ...errors import ConfigError
from ..device import on_metal
from .kernel import KERNELS

VARIABLE = "GENESIS_CHAT_KERNELS"
MODES = ("auto", "metal", "ops")
Mode = Literal["auto", "metal", "ops"]

# Kernels that failed on this machine, with the reason.
_replaced: dict[str, str] = {}


def mode() -> Mode:
    """What the environment asks for; `auto` when it is silent.

    Raises `ConfigError` for an unknown value, and for `metal` without Metal.
    """
    value = os.environ.get(VARIABLE) or "auto"
    if value not in MODES:
        raise ConfigError(f"{VARIABLE} must be one of {', '.join(MODES)}, not {value}.")
    if value == "metal" and not on_metal():
        raise ConfigError(f"{VARIABLE}=metal needs Apple's GPU; unset it or use auto.")
    return cast(Mode, value)


def wanted() -> bool:
    """Whether kernels are to be used here at all."""
    return mode() != "ops" and on_metal()


def chosen() -> frozenset[str]:
    """Names of the kernels to use now; the others run as MLX operations."""
    return frozenset(KERNELS.keys() - _replaced.keys()) if wanted() else frozenset()


def replace(name: str, reason: str) -> None:
    """Run a kernel as MLX operations from now on, for `reason`."""
    _replaced[name] = reason


def replaced() -> dict[str, str]:
    """Kernels that were replaced on this machine, with the reasons."""
    return dict(_replaced)
