"""LLVM instructions for kernels, without importing Numba before one is compiled."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from importlib import import_module
from typing import Any


def intrinsic(definition: Callable[..., Any]) -> Any:
    """LLVM instructions as a function for kernels; see `numba.extending.intrinsic`.

    Nothing of Numba is imported before a kernel that calls it is compiled.
    """
    return Intrinsic(definition)


class Deferred(ABC):
    """Something for kernels that Numba gets to know when one is compiled."""

    _made: Any = None

    @property
    def numba(self) -> Any:
        """The same as Numba knows it."""
        if self._made is None:
            self._made = self.make()
        return self._made

    @abstractmethod
    def make(self) -> Any:
        """What `numba` gives, made when it is first asked for."""


class Intrinsic(Deferred):
    """What `intrinsic` makes; only kernels can call it."""

    def __init__(self, definition: Callable[..., Any]) -> None:
        self.definition = definition

    def make(self) -> Any:
        """Numba's intrinsic."""
        from numba.extending import intrinsic

        return intrinsic(self.definition)


class Later:
    """A module of Numba's that is imported when something of it is used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._name), name)
