"""The engine in a process of its own."""

from .engine import WorkerEngine

__all__ = ["WorkerEngine"]
