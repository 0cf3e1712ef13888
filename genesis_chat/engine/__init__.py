"""From messages to replies: prompts, text, states, the door to the backends."""

from .backend import choose_backend
from .checking import check
from .controls import NO_CONTROLS, Controls, Likelihood
from .diagnostics import backend_facts, describe, findings
from .events import (
    Context,
    Dropped,
    Event,
    Finished,
    MixerReadings,
    PromptProgress,
    PromptTokens,
    Reply,
    Text,
    Thought,
    measured_speed,
)
from .loader import LoadedModel, open_model
from .local import LocalEngine
from .memory import check_memory
from .opening import open_here_or_apart
from .outlook import Outlook, outlook
from .protocol import Engine, Exchange, ModelFacts, Request
from .session import Session
from .several import decodes_together, reply_as_they_come, reply_to_several
from .snapshots import LIMIT_BYTES, Snapshots
from .together import Asked
from .tool_use import CallForm, CallReader, ToolCall, ToolResult, ToolUse
from .worker import WorkerEngine

__all__ = [
    "LIMIT_BYTES",
    "NO_CONTROLS",
    "Asked",
    "CallForm",
    "CallReader",
    "Context",
    "Controls",
    "Dropped",
    "Engine",
    "Event",
    "Exchange",
    "Finished",
    "Likelihood",
    "LoadedModel",
    "LocalEngine",
    "MixerReadings",
    "ModelFacts",
    "Outlook",
    "PromptProgress",
    "PromptTokens",
    "Reply",
    "Request",
    "Session",
    "Snapshots",
    "Text",
    "Thought",
    "ToolCall",
    "ToolResult",
    "ToolUse",
    "WorkerEngine",
    "backend_facts",
    "check",
    "check_memory",
    "choose_backend",
    "decodes_together",
    "describe",
    "findings",
    "measured_speed",
    "open_here_or_apart",
    "open_model",
    "outlook",
    "reply_as_they_come",
    "reply_to_several",
]
