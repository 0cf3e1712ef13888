"""The command line. Heavy imports stand inside the commands that need them."""

from .main import main

__all__ = ["main"]
