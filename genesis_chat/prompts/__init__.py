"""Named system prompts: some built in, others files that a person may edit."""

from .store import NamedPrompt, add, find, names, prompts, remove

__all__ = ["NamedPrompt", "add", "find", "names", "prompts", "remove"]
