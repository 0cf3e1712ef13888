"""Tools that a model can call: what passes between them, and how calls are written."""

from .forms import FORMS, ID_LENGTH, CallForm, find_form
from .reader import CallReader
from .uses import ToolCall, ToolResult, ToolUse

__all__ = [
    "FORMS",
    "ID_LENGTH",
    "CallForm",
    "CallReader",
    "ToolCall",
    "ToolResult",
    "ToolUse",
    "find_form",
]
