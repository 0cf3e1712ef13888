"""Genesis Chat: chat offline with a hybrid language model.

from genesis_chat import load

genesis = load()
print(genesis.ask("What is the capital of France?"))
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import Genesis, load

__version__ = "0.1.0"

__all__ = ["Genesis", "__version__", "load"]


def __getattr__(name: str) -> Any:
    # The model is imported on first use: the command line's help must not wait.
    if name in ("Genesis", "load"):
        from . import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
