"""A batch on several computers, which `mlx.launch` starts."""

from .job import Job
from .running import run_on_machines

__all__ = ["Job", "run_on_machines"]
