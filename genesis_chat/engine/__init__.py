"""From messages to replies: prompts, text, states, the door to the backends."""

from .backend import choose_backend
from .checking import check
from .diagnostics import backend_facts, describe, findings
from .events import (
    Context,
    Dropped,
    Event,
    Finished,
    MixerReadings,
    PromptProgress,
    Reply,
    Text,
    Thought,
    measured_speed,
)
from .loader import LoadedModel, open_model
from .local import LocalEngine
from .protocol import Engine, Exchange, ModelFacts, Request
from .session import Session
from .snapshots import LIMIT_BYTES, Snapshots
from .worker import WorkerEngine

__all__ = [
    "LIMIT_BYTES",
    "Context",
    "Dropped",
    "Engine",
    "Event",
    "Exchange",
    "Finished",
    "LoadedModel",
    "LocalEngine",
    "MixerReadings",
    "ModelFacts",
    "PromptProgress",
    "Reply",
    "Request",
    "Session",
    "Snapshots",
    "Text",
    "Thought",
    "WorkerEngine",
    "backend_facts",
    "check",
    "choose_backend",
    "describe",
    "findings",
    "measured_speed",
    "open_model",
]
