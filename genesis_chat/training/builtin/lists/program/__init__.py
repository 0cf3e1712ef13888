"""What people ask about this program, and what is true of it."""

from .commands import COMMANDS
from .ideas import IDEAS
from .keys import KEYS
from .matter import DOES, Matter

MATTERS = (*KEYS, *COMMANDS, *IDEAS)

__all__ = ["DOES", "MATTERS", "Matter"]
